// What a row of the list says: its last line, and the name a screen reader gives it.
import type { ConversationView, LastKindView, LastView } from '../backend/backend';
import { calledName } from './handle';
import { when } from './times';
import { sayWindow } from './window';
import { listed, t, words, type Key } from './words.svelte';

const stand: Record<LastKindView, Key & `list.${string}`> = {
  text: 'list.nothingYet',
  picture: 'list.picture',
  sticker: 'list.sticker',
  video: 'list.video',
  audio: 'list.audio',
  file: 'list.file',
  story: 'list.story',
  unsent: 'list.unsent',
  unsupported: 'list.unsupported',
};

/** The last words, or what stands in for them. */
export function lastText(last: LastView | null): string {
  if (!last) return t('list.nothingYet');
  return last.text ?? words.anyPieces(stand[last.kind])[0]?.text ?? '';
}

/** What is said before the last words, where something must be. */
export type Lead = 'draft' | 'notSent' | 'notConfirmed' | 'sending' | 'waits' | 'none';

export function leadOf(row: ConversationView, offline: boolean): Lead {
  if (row.draft !== null) return 'draft';
  const delivery = row.last?.author === 'shop' ? row.last.delivery : null;
  if (delivery === 'failed') return 'notSent';
  if (delivery === 'unconfirmed') return 'notConfirmed';
  if (delivery === 'held' || delivery === 'queued' || delivery === 'sending')
    return offline ? 'waits' : 'sending';
  return 'none';
}

/** Person, channel, unread count, last line: in this order, read aloud as one. */
export function rowName(row: ConversationView, offline: boolean): string {
  const parts = [calledName(row), t(`channel.${row.channel}`)];
  if (row.unread > 0) parts.push(t('rail.unreadCount', { n: row.unread }));
  parts.push(lastLine(row, leadOf(row, offline)));
  return listed(...parts);
}

/** What else a row shows: when, and how long an answer is allowed. */
export function rowMore(row: ConversationView, now: number): string {
  return listed(when(row.lastAt, now), sayWindow(row.window, now).text);
}

function lastLine(row: ConversationView, lead: Lead): string {
  const text = lastText(row.last);
  switch (lead) {
    case 'draft':
      return `${t('list.draft')}: ${row.draft ?? ''}`;
    case 'notSent':
      return `${t('list.notSent')}: ${text}`;
    case 'notConfirmed':
      return `${t('list.notConfirmed')}: ${text}`;
    case 'sending':
      return t('list.sending', { text });
    case 'waits':
      return t('list.waits', { text });
    case 'none':
      return row.last?.author === 'shop' ? t('list.you', { text }) : text;
  }
}
