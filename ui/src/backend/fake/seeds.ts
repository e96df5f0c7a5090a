// The in-memory shop's people and words: many languages, every state a message can be in.
import type {
  AttachmentView,
  ChannelView,
  MessageView,
  ThreadItemView,
  WindowView,
} from '../backend';
import bouquet from './pictures/bouquet.svg?url';
import clara from './pictures/clara.svg?url';
import misaki from './pictures/misaki.svg?url';
import sofia from './pictures/sofia.svg?url';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Tuesday 24 November 2026, 10:52. */
export const NOW = new Date(2026, 10, 24, 10, 52).getTime();

export const pictures = { bouquet, clara, misaki, sofia };

export interface Seed {
  id: string;
  channel: ChannelView;
  name: string;
  handle: string | null;
  picture: string | null;
  unread: number;
  window: WindowView;
  draft: string;
  items: ThreadItemView[];
}

let made = 0;

/** A message with everything absent that is not said. */
export function message(
  author: MessageView['author'],
  at: number,
  text: string | null,
  more: Partial<MessageView> = {},
): ThreadItemView {
  made += 1;
  return {
    kind: 'message',
    message: {
      id: `m${made}`,
      author,
      at,
      text,
      attachments: [],
      replyTo: null,
      story: null,
      reactions: [],
      delivery: author === 'shop' ? 'read' : null,
      leavesAt: null,
      failure: null,
      fromPhone: false,
      recovered: false,
      edited: false,
      unsent: false,
      unsupported: null,
      ...more,
    },
  };
}

export const them = (at: number, text: string | null, more: Partial<MessageView> = {}) =>
  message('person', at, text, more);
export const us = (at: number, text: string | null, more: Partial<MessageView> = {}) =>
  message('shop', at, text, more);

/** A picture that is ready, unless something else is said. */
export function picture(more: Partial<AttachmentView> = {}): AttachmentView {
  made += 1;
  return {
    id: `a${made}`,
    kind: 'picture',
    state: 'ready',
    thumb: bouquet,
    full: bouquet,
    width: 1040,
    height: 470,
    fileName: null,
    bytes: 214_000,
    ...more,
  };
}

/** Not ready: no addresses. */
export function absent(more: Partial<AttachmentView>): AttachmentView {
  return picture({ thumb: null, full: null, ...more });
}

export function open(left: number, human = false): WindowView {
  const until = NOW + left;
  return {
    kind: 'open',
    until,
    openedAt: until - DAY,
    thenHumanUntil: human ? until + 6 * DAY : null,
  };
}

export function seed(
  channel: ChannelView,
  name: string,
  handle: string | null,
  window: WindowView,
  items: ThreadItemView[],
  more: Partial<Seed> = {},
): Seed {
  made += 1;
  return {
    id: `c${made}`,
    channel,
    name,
    handle,
    picture: null,
    unread: 0,
    window,
    draft: '',
    items,
    ...more,
  };
}
