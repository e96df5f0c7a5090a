// The items of a thread: what they are keyed by, and how two pages of them become one.
import type { MessageView, ThreadItemView, ThreadView } from '../backend/backend';

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

/** Whether a reply waits since this computer did not reach the platform when it was to leave. */
export function isCutOff(items: ThreadItemView[]): boolean {
  return items.some((item) => item.kind === 'message' && waitsForInternet(item.message));
}

/** A reply in line keeps why its last try failed. */
export function waitsForInternet(message: MessageView): boolean {
  return message.delivery === 'queued' && message.failure?.reason === 'offline';
}

/** What a list of items is keyed by. */
export function keyOf(item: ThreadItemView): string {
  return item.kind === 'message' ? item.message.id : `gap-${item.at}`;
}
