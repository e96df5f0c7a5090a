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
  /** The relay that was met on this walk through the door. */
  relay = $state.raw<RelayView>();
  failure = $state<ErrorCode>();
  busy = $state(false);
  /** The `shopbell://relay?…` link that was opened, until it is followed or left. */
  suggested = $state('');
  readonly #backend: Backend;
  readonly #reread = new Reread(() => this.#read());
  readonly #deafen: () => void;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#deafen = backend.listen((news) => {
      if (news.kind === 'login') void this.#reread.run();
      if (news.kind !== 'relayLink') return;
      this.forgetRelay();
      this.suggested = news.url;
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

  /** The door is left, or the relay of a link is not wanted: nothing of it is kept. */
  leave(): void {
    this.forgetRelay();
    this.suggested = '';
  }

  /** The words match: pins the relay's key. True once this computer is enrolled. */
  async trust(enrolCode: string): Promise<boolean> {
    const url = this.relay?.url ?? '';
    const trusted = await this.#try(() => this.#backend.trustRelay(url, enrolCode.trim() || null));
    if (trusted) this.suggested = '';
    return trusted;
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
