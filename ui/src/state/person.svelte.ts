// The person beside the thread.
import { codeOf, type Backend, type ErrorCode, type PersonView } from '../backend/backend';
import { Reread } from './reread';

export class Person {
  readonly id: string;
  view = $state.raw<PersonView>();
  failure = $state<ErrorCode>();
  readonly #backend: Backend;
  readonly #reread = new Reread(() => this.#read());
  readonly #deafen: () => void;

  constructor(backend: Backend, id: string) {
    this.#backend = backend;
    this.id = id;
    this.#deafen = backend.listen((news) => {
      if (news.kind === 'conversations' || news.kind === 'connections') void this.read();
      if (news.kind === 'messages' && news.conversationId === id) void this.read();
    });
  }

  read(): Promise<void> {
    return this.#reread.run();
  }

  dispose(): void {
    this.#deafen();
  }

  async #read(): Promise<void> {
    try {
      this.view = await this.#backend.person(this.id);
      this.failure = undefined;
    } catch (thrown) {
      this.failure = codeOf(thrown);
    }
  }
}
