// Who is known by nothing but a number is called by it: spaced as people of its country write it,
// here once for every place that shows a name.
import { numberText, rulesFor } from '../i18n/numbers.svelte';
import type { Backend } from './backend';

interface Called {
  name: string;
}

async function allSpaced<One extends Called>(ones: readonly One[]): Promise<One[]> {
  await rulesFor(ones.map((one) => one.name));
  return ones.map((one) => ({ ...one, name: numberText(one.name) }));
}

async function spaced<One extends Called>(one: One): Promise<One> {
  await rulesFor([one.name]);
  return { ...one, name: numberText(one.name) };
}

/** The same backend, with numbers for names spaced. */
export function withSpacedNumbers(backend: Backend): Backend {
  const ours: Partial<Backend> = {
    conversation: async (...given) => spaced(await backend.conversation(...given)),
    person: async (...given) => spaced(await backend.person(...given)),
    async conversations(...given) {
      const page = await backend.conversations(...given);
      return { ...page, rows: await allSpaced(page.rows) };
    },
    async thread(...given) {
      const view = await backend.thread(...given);
      return { ...view, conversation: await spaced(view.conversation) };
    },
    async search(...given) {
      const found = await backend.search(...given);
      const [people, messages] = [found.people, found.messages];
      return { ...found, people: await allSpaced(people), messages: await allSpaced(messages) };
    },
  };
  return new Proxy(backend, {
    get(whole, name) {
      const asked: unknown = Reflect.get(name in ours ? ours : whole, name);
      return typeof asked === 'function' ? (asked.bind(whole) as unknown) : asked;
    },
  });
}
