// The window's backend inside the shell. The only file that touches @tauri-apps, through the
// bindings generated from Rust.
import { Refused, type Backend, type Commands, type News } from './backend';
import { commands, events } from './bindings';

/** Listens first and answers afterwards, so that no news falls between reading and hearing. */
export async function connect(): Promise<Backend> {
  const ears = new Set<(news: News) => void>();
  await events.news.listen((event) => {
    for (const hear of ears) hear(event.payload);
  });
  return {
    ...throwing(),
    listen(hear) {
      ears.add(hear);
      return () => ears.delete(hear);
    },
  };
}

type Raw = (
  ...given: unknown[]
) => Promise<
  { status: 'ok'; data: unknown } | { status: 'error'; error: { code: never; detail: string } }
>;

function throwing(): Commands {
  const asked = Object.entries(commands).map(([name, command]) => [
    name,
    async (...given: unknown[]) => {
      const answer = await (command as Raw)(...given);
      if (answer.status === 'ok') return answer.data;
      throw new Refused(answer.error.code, answer.error.detail);
    },
  ]);
  return Object.fromEntries(asked) as Commands;
}
