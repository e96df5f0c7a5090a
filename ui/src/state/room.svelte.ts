// How wide the window is, in rem: the owner's text size counts, as it does in the styles.
import { createSubscriber } from 'svelte/reactivity';

class Room {
  #changed: (() => void) | undefined;
  readonly #follow = createSubscriber((changed) => {
    this.#changed = changed;
    addEventListener('resize', changed);
    return () => {
      this.#changed = undefined;
      removeEventListener('resize', changed);
    };
  });

  /** True if the person fits beside the thread. */
  get forPerson(): boolean {
    return this.#rem >= 80;
  }

  /** True if a preview fits beside what was found. */
  get forPreview(): boolean {
    return this.#rem >= 75;
  }

  /** The text size has changed. */
  measure(): void {
    this.#changed?.();
  }

  get #rem(): number {
    this.#follow();
    const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    return innerWidth / (size || 16);
  }
}

export const room = new Room();
