// Where the "New" line of a thread stands: before what nobody has answered yet.
import type { MessageView, ThreadItemView } from '../backend/backend';

/** What did not reach the person is no answer. */
function isAnswer({ author, delivery }: MessageView): boolean {
  return author === 'shop' && delivery !== 'failed';
}

/** The first of the newest `unread` messages of the person; what the shop has answered is not new. */
export function firstUnread(items: readonly ThreadItemView[], unread: number): string | undefined {
  let left = unread;
  let first: string | undefined;
  for (const item of items.toReversed()) {
    if (left === 0) break;
    if (item.kind !== 'message') continue;
    if (isAnswer(item.message)) break;
    if (item.message.author !== 'person') continue;
    first = item.message.id;
    left -= 1;
  }
  return first;
}

/** True once the shop has said something after that message. */
export function isAnswered(items: readonly ThreadItemView[], messageId: string): boolean {
  const from = items.findIndex((item) => item.kind === 'message' && item.message.id === messageId);
  return items.slice(from + 1).some((item) => item.kind === 'message' && isAnswer(item.message));
}
