// The sentence for each reason a message was not sent.
import type { ConversationView } from '../backend/backend';
import { clock } from './times';
import { mayReply } from './window';
import { t, words, type Key } from './words.svelte';

const sentences: Record<string, Key & `failure.${string}`> = {
  window_closed: 'failure.window_closed',
  person_unavailable: 'failure.person_unavailable',
  unknown_recipient: 'failure.unknown_recipient',
  sign_in_ended: 'failure.sign_in_ended',
  permission_missing: 'failure.permission_missing',
  too_long: 'failure.too_long',
  picture_too_large: 'failure.picture_too_large',
  picture_refused: 'failure.picture_refused',
  too_fast: 'failure.too_fast',
  blocked: 'failure.blocked',
  not_delivered: 'failure.not_delivered',
  opted_out: 'failure.opted_out',
  platform_down: 'failure.platform_down',
  offline: 'failure.offline',
  refused: 'failure.refused',
};

/** Every reason that has a sentence of its own. */
export const reasons = Object.keys(sentences);

export function sayFailure(
  reason: string,
  at: number,
  conversation: ConversationView,
  now: number,
): string {
  const given = {
    name: conversation.name,
    channel: t(`channel.${conversation.channel}`),
    time: clock(at),
  };
  const openAgain = reason === 'window_closed' && mayReply(conversation.window, now);
  const key = openAgain ? 'message.windowOpenAgain' : (sentences[reason] ?? 'failure.unknown');
  return words.anyText(key, given);
}
