// Where the "New" line of a thread stands: before what nobody has answered yet.
import type { ThreadItemView } from '../backend/backend';

/** The first of the newest `unread` messages of the person; what the shop has answered is not new. */
export function firstUnread(items: readonly ThreadItemView[], unread: number): string | undefined {
  let left = unread;
  let first: string | undefined;
  for (const item of items.toReversed()) {
    if (left === 0) break;
    if (item.kind !== 'message') continue;
    if (item.message.author !== 'person') break;
    first = item.message.id;
    left -= 1;
  }
  return first;
}

/** True once the shop has said something after that message. */
export function isAnswered(items: readonly ThreadItemView[], messageId: string): boolean {
  const from = items.findIndex((item) => item.kind === 'message' && item.message.id === messageId);
  return items
    .slice(from + 1)
    .some((item) => item.kind === 'message' && item.message.author === 'shop');
}
