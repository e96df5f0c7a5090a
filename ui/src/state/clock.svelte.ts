// The window's clock. It follows the shell's moment, so that "3 h left" and the engine agree, and
// ticks slowly unless something that counts seconds is in view.
const SLOW = 15_000;
const QUICK = 250;

class Clock {
  now = $state(Date.now());
  #ahead = 0;
  #counting = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Sets the clock to the shell's moment. */
  follow(now: number): void {
    this.#ahead = now - Date.now();
    this.tick();
  }

  tick(): void {
    this.now = Date.now() + this.#ahead;
  }

  /** Runs until the returned function is called. */
  run(): () => void {
    this.#start();
    return () => clearInterval(this.#timer);
  }

  /** Ticks quickly until the returned function is called. */
  countSeconds(): () => void {
    this.#counting += 1;
    this.#start();
    return () => {
      this.#counting -= 1;
      this.#start();
    };
  }

  #start(): void {
    clearInterval(this.#timer);
    this.tick();
    this.#timer = setInterval(() => this.tick(), this.#counting > 0 ? QUICK : SLOW);
  }
}

export const clock = new Clock();
