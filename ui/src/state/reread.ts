// Reading again after news: never two reads at once, and news that comes during a read is not
// lost but read once more afterwards.
export class Reread {
  #read: () => Promise<void>;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(read: () => Promise<void>) {
    this.#read = read;
  }

  /** Reads now, or once more after the read that is under way. */
  run(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#loop().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #loop(): Promise<void> {
    do {
      this.#again = false;
      await this.#read();
    } while (this.#again);
  }
}
