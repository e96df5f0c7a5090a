// The items of a thread: what they are keyed by, and how two pages of them become one.
import type { ThreadItemView, ThreadView } from '../backend/backend';

/** What was read further back stays, as long as it joins what was read now. */
export function earlierThan(page: ThreadView, shown: ThreadItemView[]): ThreadItemView[] {
  const first = page.items[0];
  if (!first || page.older === null) return [];
  const from = shown.findIndex((item) => keyOf(item) === keyOf(first));
  return from > 0 ? shown.slice(0, from) : [];
}

export function joined(earlier: ThreadItemView[], later: ThreadItemView[]): ThreadItemView[] {
  const known = new Set(later.map(keyOf));
  return [...earlier.filter((item) => !known.has(keyOf(item))), ...later];
}

/** What a list of items is keyed by. */
export function keyOf(item: ThreadItemView): string {
  return item.kind === 'message' ? item.message.id : `gap-${item.at}`;
}
