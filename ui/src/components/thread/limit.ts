// How much a text may still grow on its channel.
import type { TextLimitView } from '../../backend/backend';

const bytes = new TextEncoder();

/** Characters or bytes left; negative when it is too long already. */
export function leftOf(text: string, limit: TextLimitView): number {
  const used = limit.bytes ? bytes.encode(text).length : [...text].length;
  return limit.most - used;
}
