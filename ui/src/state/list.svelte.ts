// The list of conversations under one filter, and the numbers beside the views. It re-reads what it
// shows when news says so and never keeps a copy of its own making.
import {
  codeOf,
  type Backend,
  type ConversationView,
  type CountsView,
  type ErrorCode,
  type FilterView,
} from '../backend/backend';
import { Reread } from './reread';

const PAGE = 50;
const MOST = 200;

export class ConversationList {
  filter = $state<FilterView>({ kind: 'all' });
  rows = $state.raw<ConversationView[]>([]);
  counts = $state.raw<CountsView>();
  /** False until the first page of this filter was read. */
  loaded = $state(false);
  failure = $state<ErrorCode>();
  #next = $state<string | null>(null);
  readonly #backend: Backend;
  readonly #reread = new Reread(() => this.#read());
  readonly #deafen: () => void;
  #growing = false;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#deafen = backend.listen((news) => {
      if (news.kind === 'conversations' || news.kind === 'connections' || news.kind === 'messages')
        void this.#reread.run();
    });
  }

  /** How many there are, where that is known. */
  get total(): number {
    if (this.#next === null) return this.rows.length;
    const { counts, filter } = this;
    if (!counts) return this.rows.length;
    if (filter.kind === 'connection')
      return counts.connections.find((one) => one.id === filter.id)?.conversations ?? 0;
    return counts[filter.kind];
  }

  read(): Promise<void> {
    return this.#reread.run();
  }

  show(filter: FilterView): Promise<void> {
    this.filter = filter;
    this.rows = [];
    this.#next = null;
    this.loaded = false;
    return this.read();
  }

  /** Reads the next page; called when the end of the list comes near. */
  async more(): Promise<void> {
    const filter = this.filter;
    if (this.#next === null || this.#growing) return;
    this.#growing = true;
    try {
      const page = await this.#backend.conversations(filter, this.#next, PAGE);
      if (filter !== this.filter) return;
      const known = this.rows.map((row) => row.id);
      this.rows = [...this.rows, ...page.rows.filter((row) => !known.includes(row.id))];
      this.#next = page.next;
    } catch (thrown) {
      this.failure = codeOf(thrown);
    } finally {
      this.#growing = false;
    }
  }

  dispose(): void {
    this.#deafen();
  }

  async #read(): Promise<void> {
    const filter = this.filter;
    try {
      const [counts, rows] = await Promise.all([this.#backend.counts(), this.#pages(filter)]);
      if (filter !== this.filter) return void (await this.#read());
      this.counts = counts;
      this.rows = rows;
      this.loaded = true;
      this.failure = undefined;
    } catch (thrown) {
      this.failure = codeOf(thrown);
    }
  }

  /** As many rows as were shown before, so that the list keeps its place. */
  async #pages(filter: FilterView): Promise<ConversationView[]> {
    const rows: ConversationView[] = [];
    const wanted = Math.max(PAGE, this.rows.length);
    let after: string | null = null;
    do {
      const page: { rows: ConversationView[]; next: string | null } =
        await this.#backend.conversations(filter, after, Math.min(MOST, wanted - rows.length));
      rows.push(...page.rows);
      after = page.next;
    } while (after !== null && rows.length < wanted);
    this.#next = after;
    return rows;
  }
}
