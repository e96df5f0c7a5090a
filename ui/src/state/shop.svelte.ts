// The window as a whole: the phase the shop is in, the road to the relay, the settings.
import {
  codeOf,
  type AppView,
  type Backend,
  type ErrorCode,
  type SettingsView,
} from '../backend/backend';
import { clock } from './clock.svelte';
import { Reread } from './reread';

export class Shop {
  view = $state<AppView>();
  failure = $state<ErrorCode>();
  readonly #backend: Backend;
  readonly #reread = new Reread(() => this.#read());
  readonly #deafen: () => void;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#deafen = backend.listen((news) => {
      if (news.kind === 'app' || news.kind === 'wipe') void this.#reread.run();
    });
  }

  read(): Promise<void> {
    return this.#reread.run();
  }

  /** Opens the shop again, or looks for the relay once more. */
  async openAgain(): Promise<void> {
    await this.#try(() => this.#backend.openAgain());
  }

  async enterPassphrase(passphrase: string): Promise<void> {
    await this.#try(() => this.#backend.enterPassphrase(passphrase));
  }

  async answerDeletion(wipe: boolean): Promise<void> {
    await this.#try(() => this.#backend.answerDeletion(wipe));
  }

  /** Changes some settings and leaves the others as they are. */
  async set(change: Partial<SettingsView>): Promise<void> {
    const settings = this.view?.settings;
    if (!settings) return;
    await this.#try(() => this.#backend.setSettings({ ...settings, ...change }));
  }

  dispose(): void {
    this.#deafen();
  }

  async #try(command: () => Promise<unknown>): Promise<void> {
    this.failure = undefined;
    try {
      await command();
    } catch (thrown) {
      this.failure = codeOf(thrown);
    }
    await this.read();
  }

  async #read(): Promise<void> {
    try {
      this.view = await this.#backend.app();
      clock.follow(this.view.now);
    } catch (thrown) {
      this.failure = codeOf(thrown);
    }
  }
}
