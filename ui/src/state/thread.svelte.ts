// One open conversation: its messages, oldest first, and what can be done with them. Read again by
// id when news names it; nothing is shown before the engine has it.
import {
  codeOf,
  type Backend,
  type ErrorCode,
  type MessageView,
  type ThreadItemView,
  type ThreadView,
} from '../backend/backend';
import { earlierThan, joined } from './items';
import { Reread } from './reread';
import { turn } from './turn';
import { firstUnread, isAnswered } from './unread';

const PAGE = 60;
const MOST = 200;

export class Thread {
  readonly id: string;
  view = $state.raw<ThreadView>();
  failure = $state<ErrorCode>();
  /** What the last button said in vain, beside the message it belongs to. */
  refused = $state<{ messageId: string; code: ErrorCode }>();
  readingOlder = $state(false);
  /** True after a jump to an old message: newer ones are not shown. */
  away = $state(false);
  /** The message that was searched for or jumped to. */
  foundId = $state<string>();
  /** When the read began that brought what is shown. */
  asOf = 0;
  /** What was unread when the thread came into view; null where nothing was. */
  #unreadFrom = $state<string | null>();
  #older = $state<string | null>(null);
  #around: string | null = null;
  readonly #backend: Backend;
  readonly #reread = new Reread(() => this.#read());
  readonly #deafen: () => void;

  constructor(backend: Backend, id: string, around: string | null = null) {
    this.#backend = backend;
    this.id = id;
    this.#around = around;
    this.away = around !== null;
    this.foundId = around ?? undefined;
    this.#deafen = backend.listen((news) => {
      if (news.kind === 'messages' && news.conversationId === id) void this.#reread.run();
      if (news.kind === 'conversations' && (!news.ids.length || news.ids.includes(id)))
        void this.#reread.run();
      if (news.kind === 'connections') void this.#reread.run();
    });
  }

  get items(): ThreadItemView[] {
    return this.view?.items ?? [];
  }

  /** The message the "New" line stands before, until it was answered. */
  get newFrom(): string | undefined {
    const from = this.#unreadFrom;
    return from && !isAnswered(this.items, from) ? from : undefined;
  }

  get hasOlder(): boolean {
    return this.#older !== null;
  }

  read(): Promise<void> {
    return this.#reread.run();
  }

  /** Reads the page before the oldest message shown. */
  async older(): Promise<void> {
    if (this.#older === null || this.readingOlder || !this.view) return;
    this.readingOlder = true;
    try {
      const page = await this.#backend.thread(this.id, this.#older, null, PAGE);
      this.view = { ...this.view, items: joined(page.items, this.view.items) };
      this.#older = page.older;
    } catch (thrown) {
      this.failure = codeOf(thrown);
    } finally {
      this.readingOlder = false;
    }
  }

  /** Shows what lies around a message. */
  around(messageId: string): Promise<void> {
    this.#around = messageId;
    this.away = true;
    this.foundId = messageId;
    return this.#reread.run();
  }

  /** Back to the newest end. */
  newest(): Promise<void> {
    this.#around = null;
    this.away = false;
    this.foundId = undefined;
    return this.#reread.run();
  }

  async markRead(): Promise<void> {
    try {
      await this.#backend.markRead(this.id);
    } catch (thrown) {
      this.failure = codeOf(thrown);
    }
  }

  undo(message: MessageView): Promise<void> {
    return this.#do(message, () => this.#backend.undoSend(message.id));
  }

  tryAgain(message: MessageView): Promise<void> {
    return this.#do(message, () => this.#backend.tryAgain(message.id));
  }

  checkNow(message: MessageView): Promise<void> {
    return this.#do(message, () => this.#backend.checkUnconfirmed(message.id));
  }

  sendAgain(message: MessageView): Promise<void> {
    return this.#do(message, () => this.#backend.sendAgain(message.id));
  }

  backToDraft(message: MessageView): Promise<void> {
    return this.#do(message, () => this.#backend.backToDraft(message.id));
  }

  async fetchAgain(messageId: string, attachmentId: string): Promise<void> {
    this.refused = undefined;
    try {
      await this.#backend.fetchAgain(attachmentId);
    } catch (thrown) {
      this.refused = { messageId, code: codeOf(thrown) };
    }
  }

  openInApp(): Promise<void> {
    return this.#backend.openInApp(this.id).then(
      () => undefined,
      (thrown: unknown) => void (this.failure = codeOf(thrown)),
    );
  }

  /** The thread comes into view: what is unread by then is new, and nothing else. */
  look(): void {
    this.#unreadFrom = undefined;
    if (this.view) this.#draw(this.view);
  }

  dispose(): void {
    this.#deafen();
  }

  async #do(message: MessageView, command: () => Promise<unknown>): Promise<void> {
    this.refused = undefined;
    try {
      await command();
      await this.read();
    } catch (thrown) {
      this.refused = { messageId: message.id, code: codeOf(thrown) };
    }
  }

  async #read(): Promise<void> {
    try {
      const around = this.#around;
      const asOf = turn();
      const shown = this.view?.items.length ?? 0;
      const limit = around ? PAGE : Math.min(MOST, Math.max(PAGE, shown));
      const page = await this.#backend.thread(this.id, null, around, limit);
      if (around !== this.#around) return void (await this.#read());
      const kept = around ? [] : earlierThan(page, this.view?.items ?? []);
      if (!kept.length) this.#older = page.older;
      this.away = page.newer;
      // What reaches to the newest end is read from there from now on.
      if (!page.newer) this.#around = null;
      this.asOf = asOf;
      this.view = { ...page, items: [...kept, ...page.items] };
      this.#draw(page);
      this.failure = undefined;
    } catch (thrown) {
      this.failure = codeOf(thrown);
    }
  }

  /** Draws the line once; around an older message the newest are not there to be counted. */
  #draw(page: ThreadView): void {
    if (this.#unreadFrom === undefined && !page.newer)
      this.#unreadFrom = firstUnread(page.items, page.conversation.unread) ?? null;
  }
}
