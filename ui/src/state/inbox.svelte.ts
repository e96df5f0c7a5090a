// The three panes together: which conversation is open, what is written to it, who the person is.
// Each conversation has its own thread and composer, so nothing is carried from one to another.
import type { Backend, ConversationView, FilterView, MessageView } from '../backend/backend';
import { Composer } from './composer.svelte';
import { ConversationList } from './list.svelte';
import { Person } from './person.svelte';
import { Thread } from './thread.svelte';

/** How many composers are kept while their conversation is not open. */
const KEPT = 20;

export class Inbox {
  readonly list: ConversationList;
  thread = $state.raw<Thread>();
  composer = $state.raw<Composer>();
  person = $state.raw<Person>();
  /** Beside the thread where there is room, else over it. */
  personShown = $state(true);
  personOver = $state(false);
  /** In a narrow window one pane at a time. */
  pane = $state<'list' | 'thread'>('list');
  /** The cursor shall go to the composer, as soon as there is one. */
  replyWanted = $state(false);
  /** The focus shall go to the list. */
  listWanted = $state(false);
  readonly #backend: Backend;
  readonly #deafen: () => void;
  // Nothing is drawn from it.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #composers = new Map<string, Composer>();

  constructor(backend: Backend) {
    this.#backend = backend;
    this.list = new ConversationList(backend);
    this.#deafen = backend.listen((news) => {
      if (news.kind === 'forgotten') this.forget(news.connectionId);
      if (news.kind === 'erased') this.forgetOne(news.conversationId);
    });
  }

  get selected(): string | undefined {
    return this.thread?.id;
  }

  async show(filter: FilterView): Promise<void> {
    this.pane = 'list';
    await this.list.show(filter);
  }

  /** Opens a conversation in the thread, at its end or at one of its messages. */
  open(id: string, around: string | null = null): void {
    if (this.thread?.id === id) {
      if (around) void this.thread.around(around);
      return;
    }
    this.close();
    this.replyWanted = false;
    this.thread = new Thread(this.#backend, id, around);
    this.composer = this.#composerOf(id);
    this.person = new Person(this.#backend, id);
    void this.thread.read();
    void this.person.read();
  }

  /** Opens it and shows it, also where only one pane fits. */
  enter(id: string, around: string | null = null): void {
    if (this.pane === 'list' && this.thread?.id === id) this.thread.look();
    this.open(id, around);
    this.pane = 'thread';
  }

  /** The conversation before or after the open one. */
  step(by: 1 | -1): void {
    const { rows } = this.list;
    const at = rows.findIndex((row) => row.id === this.selected);
    const next = at < 0 ? rows.at(by > 0 ? 0 : -1) : rows[at + by];
    if (next) this.open(next.id);
  }

  /** The next one, after the open one and then from the top, for which something holds. */
  seek(holds: (row: ConversationView) => boolean): void {
    const { rows } = this.list;
    const at = rows.findIndex((row) => row.id === this.selected);
    const next = [...rows.slice(at + 1), ...rows.slice(0, Math.max(0, at))].find(holds);
    if (next) this.enter(next.id);
  }

  reply(): void {
    if (!this.thread) return;
    this.pane = 'thread';
    this.replyWanted = true;
  }

  /** A message becomes a draft again: what is written here now is kept first. */
  async takeBack(message: MessageView): Promise<void> {
    const { thread, composer } = this;
    await composer?.expect();
    await (message.delivery === 'held' ? thread?.undo(message) : thread?.backToDraft(message));
    this.replyWanted = true;
  }

  /** Takes the newest held reply back; false if there is none. */
  undoHeld(): boolean {
    const held = this.thread?.items.findLast(
      (item) => item.kind === 'message' && item.message.delivery === 'held',
    );
    if (held?.kind !== 'message') return false;
    void this.takeBack(held.message);
    return true;
  }

  backToList(): void {
    this.pane = 'list';
    this.listWanted = true;
  }

  /** A connection was wiped: nothing of it stays in the window, not even what was being written. */
  forget(connectionId: string): void {
    if (this.thread?.view?.conversation.connectionId === connectionId) {
      this.composer?.forget();
      this.close();
      this.pane = 'list';
    }
    // What else was written lies saved in its own draft; only the open one is still needed.
    for (const id of this.#composers.keys()) if (id !== this.selected) this.#composers.delete(id);
    void this.list.show(
      this.list.filter.kind === 'connection' ? { kind: 'all' } : this.list.filter,
    );
  }

  /** A person was erased: nothing of them stays in the window, not even what was being written. */
  forgetOne(conversationId: string): void {
    this.#composers.get(conversationId)?.forget();
    this.#composers.delete(conversationId);
    if (this.selected !== conversationId) return;
    this.close();
    this.backToList();
  }

  close(): void {
    this.composer?.dispose();
    this.thread?.dispose();
    this.person?.dispose();
    this.thread = undefined;
    this.composer = undefined;
    this.person = undefined;
  }

  dispose(): void {
    this.#deafen();
    this.close();
    this.list.dispose();
  }

  #composerOf(id: string): Composer {
    const kept = this.#composers.get(id) ?? new Composer(this.#backend, id);
    this.#composers.delete(id);
    this.#composers.set(id, kept);
    for (const old of this.#composers.keys()) {
      if (this.#composers.size <= KEPT) break;
      this.#composers.delete(old);
    }
    return kept;
  }
}
