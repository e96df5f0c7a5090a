// A conversation's row, made from its messages, as the engine makes it.
import type { ConversationView, DraftView, LastKindView, MessageView } from '../backend';
import { NOW, type Seed } from './seeds';

/** One conversation of the in-memory shop. */
export interface Kept {
  readonly seed: Seed;
  readonly connectionId: string;
  draft: DraftView;
}

export function rowOf(
  { seed, connectionId, draft }: Kept,
  connectionName: string,
): ConversationView {
  const messages = seed.items.flatMap((item) => (item.kind === 'message' ? [item.message] : []));
  const last = messages.at(-1);
  return {
    id: seed.id,
    connectionId,
    connectionName,
    channel: seed.channel,
    name: seed.name,
    handle: seed.handle,
    picture: seed.picture,
    lastAt: last?.at ?? NOW,
    last: last
      ? { author: last.author, text: last.text, kind: kindOf(last), delivery: last.delivery }
      : null,
    unread: seed.unread,
    window: seed.window,
    draft: draft.text || draft.picture ? draft.text : null,
    notSent: messages.filter((one) => one.delivery === 'failed').length,
    unconfirmed: messages.filter((one) => one.delivery === 'unconfirmed').length,
  };
}

function kindOf(message: MessageView): LastKindView {
  if (message.unsent) return 'unsent';
  if (message.unsupported !== null) return 'unsupported';
  return message.attachments[0]?.kind ?? 'text';
}
