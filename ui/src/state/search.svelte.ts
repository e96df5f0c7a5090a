// What was searched for and found. The last question wins; earlier answers are dropped.
import { codeOf, type Backend, type ErrorCode, type SearchView } from '../backend/backend';

const QUIET = 120;
const MOST = 50;

export class Search {
  query = $state('');
  found = $state.raw<SearchView>();
  failure = $state<ErrorCode>();
  readonly #backend: Backend;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  ask(query: string): void {
    this.query = query;
    clearTimeout(this.#timer);
    if (query.trim() === '') {
      this.#asked += 1;
      this.found = undefined;
      return;
    }
    this.#timer = setTimeout(() => void this.read(), QUIET);
  }

  async read(): Promise<void> {
    const asked = (this.#asked += 1);
    try {
      const found = await this.#backend.search(this.query.trim(), MOST);
      if (asked === this.#asked) this.found = found;
      this.failure = undefined;
    } catch (thrown) {
      if (asked === this.#asked) this.failure = codeOf(thrown);
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }
}
