// The connections with their state, the receipts, and a wipe that runs.
import {
  codeOf,
  type Backend,
  type ConnectionView,
  type ErrorCode,
  type ReceiptView,
  type WipeProgressView,
} from '../backend/backend';
import { Reread } from './reread';

export class Connections {
  all = $state.raw<ConnectionView[]>();
  receipts = $state.raw<ReceiptView[]>();
  wipe = $state.raw<WipeProgressView>({ kind: 'idle' });
  failure = $state<ErrorCode>();
  looking = $state(false);
  readonly #backend: Backend;
  readonly #reread = new Reread(() => this.#read());
  readonly #deafen: () => void;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#deafen = backend.listen((news) => {
      if (news.kind === 'connections' || news.kind === 'wipe') void this.read();
    });
  }

  read(): Promise<void> {
    return this.#reread.run();
  }

  async look(): Promise<void> {
    this.looking = true;
    await this.#try(() => this.#backend.checkConnections());
    this.looking = false;
    await this.read();
  }

  /** Begins the wipe of one connection; true if it has begun. */
  disconnect(id: string, name: string): Promise<boolean> {
    return this.#try(() => this.#backend.disconnect(id, name));
  }

  /** Erases the person of a conversation; true if they are gone from here. */
  erasePerson(conversationId: string): Promise<boolean> {
    return this.#try(() => this.#backend.erasePerson(conversationId));
  }

  deleteEverything(name: string): Promise<boolean> {
    return this.#try(() => this.#backend.deleteEverything(name));
  }

  /** True if it was saved, false if the owner cancelled or it failed. */
  async saveReceipt(id: string): Promise<boolean> {
    let saved = false;
    await this.#try(async () => (saved = await this.#backend.saveReceipt(id)));
    return saved;
  }

  dispose(): void {
    this.#deafen();
  }

  async #try(command: () => Promise<unknown>): Promise<boolean> {
    this.failure = undefined;
    try {
      await command();
      return true;
    } catch (thrown) {
      this.failure = codeOf(thrown);
      return false;
    }
  }

  async #read(): Promise<void> {
    try {
      // These two are there also when the shop is not: after everything was deleted.
      const [receipts, wipe] = await Promise.all([
        this.#backend.receipts(),
        this.#backend.wipeProgress(),
      ]);
      this.receipts = receipts;
      this.wipe = wipe;
      this.all = await this.#connected();
    } catch (thrown) {
      this.failure = codeOf(thrown);
    }
  }

  /** A shop that is not open, as after everything was deleted, has none to show: no failure. */
  async #connected(): Promise<ConnectionView[]> {
    try {
      return await this.#backend.connections();
    } catch (thrown) {
      if (codeOf(thrown) === 'notOpen') return [];
      throw thrown;
    }
  }
}
