// Who is known by nothing but a number is called by it: spaced as people of its country write it,
// here once for every place that shows a name.
import { numberText } from '../i18n/handle';
import type { Backend } from './backend';

const spaced = <One extends { name: string }>(one: One): One => ({
  ...one,
  name: numberText(one.name),
});

/** The same backend, with numbers for names spaced. */
export function withSpacedNumbers(backend: Backend): Backend {
  const ours: Partial<Backend> = {
    conversation: async (...given) => spaced(await backend.conversation(...given)),
    person: async (...given) => spaced(await backend.person(...given)),
    async conversations(...given) {
      const page = await backend.conversations(...given);
      return { ...page, rows: page.rows.map(spaced) };
    },
    async thread(...given) {
      const view = await backend.thread(...given);
      return { ...view, conversation: spaced(view.conversation) };
    },
    async search(...given) {
      const found = await backend.search(...given);
      return { ...found, people: found.people.map(spaced), messages: found.messages.map(spaced) };
    },
  };
  return new Proxy(backend, {
    get(whole, name) {
      const asked: unknown = Reflect.get(name in ours ? ours : whole, name);
      return typeof asked === 'function' ? (asked.bind(whole) as unknown) : asked;
    },
  });
}
