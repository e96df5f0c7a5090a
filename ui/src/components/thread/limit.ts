// How much a text may still grow on its channel, in characters as whoever writes counts them.
import type { TextLimitView } from '../../backend/backend';

const bytes = new TextEncoder();

/** Far from the end nobody asks, and nothing is counted. */
const FAR = 1_000;

/**
 * Characters left; negative is how many have to go. The platforms count bytes or UTF-16 units, of
 * which a character takes one or many: what is left are characters like those written so far.
 */
export function leftOf(text: string, limit: TextLimitView): number {
  const size = (part: string): number => (limit.bytes ? bytes.encode(part).length : part.length);
  const used = size(text);
  if (used === 0 || limit.most - used > FAR) return limit.most - used;
  const characters = [...new Intl.Segmenter().segment(text)].map((one) => size(one.segment));
  if (used <= limit.most) return Math.floor(((limit.most - used) * characters.length) / used);
  let rest = used;
  let gone = 0;
  while (rest > limit.most) {
    gone += 1;
    rest -= characters[characters.length - gone] ?? rest;
  }
  return -gone;
}
