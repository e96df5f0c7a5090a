// Meeting the relay and signing in: what the owner has done so far, and where the login stands.
import {
  codeOf,
  type Backend,
  type ErrorCode,
  type LoginView,
  type RelayView,
} from '../backend/backend';
import { Reread } from './reread';

export class Login {
  view = $state.raw<LoginView>({ kind: 'none' });
  relay = $state.raw<RelayView>();
  failure = $state<ErrorCode>();
  busy = $state(false);
  /** The address a `shopbell://relay` link named. */
  suggested = $state('');
  readonly #backend: Backend;
  readonly #reread = new Reread(() => this.#read());
  readonly #deafen: () => void;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#deafen = backend.listen((news) => {
      if (news.kind === 'login') void this.#reread.run();
      if (news.kind === 'relayLink') this.suggested = news.url;
    });
  }

  read(): Promise<void> {
    return this.#reread.run();
  }

  /** Asks an address whether it is a relay; nothing is trusted yet. */
  async meet(url: string): Promise<void> {
    await this.#try(async () => (this.relay = await this.#backend.meetRelay(url.trim())));
  }

  forgetRelay(): void {
    this.relay = undefined;
    this.failure = undefined;
  }

  /** The words match: pins the relay's key. True once this computer is enrolled. */
  trust(enrolCode: string): Promise<boolean> {
    const url = this.relay?.url ?? '';
    return this.#try(() => this.#backend.trustRelay(url, enrolCode.trim() || null));
  }

  start(connectionId: string | null = null): Promise<boolean> {
    return this.#try(() => this.#backend.startLogin(connectionId));
  }

  cancel(): Promise<boolean> {
    return this.#try(() => this.#backend.cancelLogin());
  }

  connect(ids: string[]): Promise<boolean> {
    return this.#try(() => this.#backend.connectAccounts(ids));
  }

  dispose(): void {
    this.#deafen();
  }

  async #try(command: () => Promise<unknown>): Promise<boolean> {
    this.failure = undefined;
    this.busy = true;
    try {
      await command();
      await this.read();
      return true;
    } catch (thrown) {
      this.failure = codeOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  async #read(): Promise<void> {
    this.view = await this.#backend.login();
  }
}
