// A media query as state.
import { MediaQuery } from 'svelte/reactivity';

export function mediaQuery(query: string): { readonly matches: boolean } {
  const media = new MediaQuery(query);
  return {
    get matches() {
      return media.current;
    },
  };
}
