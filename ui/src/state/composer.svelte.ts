// What is being written to one person. Kept as a draft within 300 ms and never carried to another
// conversation: each conversation has a composer of its own.
import {
  codeOf,
  type Backend,
  type DraftView,
  type ErrorCode,
  type ReturnedView,
} from '../backend/backend';
import { turn } from './turn';

const QUIET = 250;

export class Composer {
  readonly id: string;
  text = $state('');
  picture = $state<string | null>(null);
  returned = $state<ReturnedView | null>(null);
  sending = $state(false);
  attaching = $state(false);
  /** A file is being held over the thread. */
  dropping = $state(false);
  failure = $state<ErrorCode>();
  readonly #backend: Backend;
  #saved: string | undefined = '';
  #expecting = true;
  /** When something was last changed here that a read may not know of yet. */
  #changed = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(backend: Backend, id: string) {
    this.#backend = backend;
    this.id = id;
  }

  get empty(): boolean {
    return this.text.trim() === '' && this.picture === null;
  }

  /**
   * Takes over what the engine keeps: at first, and when words came back. At other times a read
   * may be older than what is being written here, so the words stay; one that began before a
   * picture came or went, or a message left, says nothing at all.
   */
  take(draft: DraftView, asOf = turn()): void {
    if (this.sending || this.attaching || asOf < this.#changed) return;
    this.picture = draft.picture;
    this.returned = draft.returned;
    const cameBack = draft.returned !== null && this.text === '';
    if (!this.#expecting && !cameBack) return;
    this.#expecting = false;
    this.text = draft.text;
    this.#saved = draft.text;
  }

  /** A message is about to become a draft again: the next words read are the true ones. */
  async expect(): Promise<void> {
    await this.save();
    this.#expecting = true;
  }

  write(text: string): void {
    this.text = text;
    this.failure = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), QUIET);
  }

  /** Keeps what is written now; one save after the other, so that the last one stays. */
  save(): Promise<void> {
    clearTimeout(this.#timer);
    const text = this.text;
    if (text === this.#saved) return this.#saving;
    this.#saved = text;
    this.#saving = this.#saving.then(async () => {
      try {
        await this.#backend.saveDraft(this.id, text);
      } catch (thrown) {
        this.failure = codeOf(thrown);
        this.#saved = undefined;
      }
    });
    return this.#saving;
  }

  async send(): Promise<boolean> {
    if (this.empty || this.sending) return false;
    this.sending = true;
    this.failure = undefined;
    clearTimeout(this.#timer);
    try {
      await this.#saving;
      await this.#backend.send(this.id, this.text.trim());
      this.text = '';
      this.#saved = '';
      this.#expecting = false;
      this.picture = null;
      this.returned = null;
      this.#changed = turn();
      return true;
    } catch (thrown) {
      this.failure = codeOf(thrown);
      return false;
    } finally {
      this.sending = false;
    }
  }

  async attach(file: Blob): Promise<void> {
    this.attaching = true;
    this.failure = undefined;
    try {
      await this.save();
      const draft = await this.#backend.attachPicture(this.id, await base64(file));
      this.picture = draft.picture;
      this.#changed = turn();
    } catch (thrown) {
      this.failure = codeOf(thrown);
    } finally {
      this.attaching = false;
    }
  }

  async removePicture(): Promise<void> {
    try {
      await this.#backend.removePicture(this.id);
      this.picture = null;
      this.#changed = turn();
    } catch (thrown) {
      this.failure = codeOf(thrown);
    }
  }

  /** The conversation is gone: what was written is dropped, not saved. */
  forget(): void {
    clearTimeout(this.#timer);
    this.text = '';
    this.#saved = '';
    this.picture = null;
  }

  /** Leaves nothing unsaved behind. */
  dispose(): void {
    void this.save();
  }
}

async function base64(file: Blob): Promise<string> {
  const url = await new Promise<string>((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => failed(reader.error ?? new Error('unreadable'));
    reader.readAsDataURL(file);
  });
  return url.slice(url.indexOf(',') + 1);
}
