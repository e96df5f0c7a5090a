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

function seed(
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

/** The people of the flower shop. */
export function people(): Seed[] {
  return [...counter(), ...regulars(), ...trouble()];
}

function counter(): Seed[] {
  const early = NOW - 21 * HOUR;
  return [
    seed(
      'whatsapp',
      'ليلى حدّاد',
      '+44 7700 900311',
      open(42 * MINUTE),
      [
        them(NOW - 23.6 * HOUR, 'مرحبًا، رأيت باقاتكم على إنستغرام'),
        us(NOW - 23.5 * HOUR, 'أهلًا ليلى، أي باقة أعجبتك؟'),
        them(NOW - 23.4 * HOUR, 'الباقة الحمراء مع الشريط الأخضر'),
        them(NOW - 23.35 * HOUR, 'كم سعرها؟'),
        them(NOW - 23.3 * HOUR, 'هل يمكن توصيل الباقة قبل السادسة مساءً؟'),
      ],
      { unread: 3 },
    ),
    seed(
      'instagram',
      'Clara Whitfield',
      'clara.whitfield',
      open(3.2 * HOUR, true),
      [
        them(early, 'These! Is the red one big enough for a hallway table?', {
          story: { mention: false, until: NOW + 7.6 * HOUR },
          recovered: true,
        }),
        us(early + 3 * MINUTE, 'This is the large one, £48', {
          attachments: [picture()],
          fromPhone: true,
          reactions: [{ by: 'person', emoji: '❤️' }],
        }),
        them(early + 8 * MINUTE, 'Perfect. Could the ribbon be sage instead of white?', {
          replyTo: {
            messageId: null,
            author: 'shop',
            text: 'This is the large one, £48',
            thumb: bouquet,
          },
        }),
        them(early + 9 * MINUTE, 'My mum is so picky about colours 🙈'),
        us(NOW - 21 * MINUTE, 'Of course! Sage it is, ready on Friday at four.', {
          delivery: 'failed',
          failure: { reason: 'platform_down', code: '2/1342003', again: true },
        }),
        us(NOW, 'Yes, and the card is on us', { delivery: 'held', leavesAt: NOW + 4000 }),
      ],
      { picture: clara, draft: 'Shall I write “Happy birthday, Mum” on it' },
    ),
    seed(
      'instagram',
      '田中 美咲',
      'misaki.tnk',
      open(23.7 * HOUR, true),
      [
        us(NOW - 3 * DAY, 'リボンの色はいかがなさいますか。'),
        them(NOW - 2 * DAY, 'リボンの色は白でお願いします'),
        them(NOW - 14 * MINUTE, '金曜日の午前中に受け取れますか。母の誕生日なんです'),
      ],
      { picture: misaki, unread: 1 },
    ),
    seed(
      'messenger',
      'Lucía Ferrer',
      null,
      open(22.6 * HOUR, true),
      [
        them(
          NOW - 5 * DAY,
          'La cinta blanca (“white ribbon”) para las sillas, cuarenta metros en total',
        ),
        us(NOW - 5 * DAY + HOUR, 'Apuntado, cuarenta metros.'),
        them(NOW - 37 * MINUTE, '¿Y el centro de mesa con vela?'),
      ],
      { draft: 'Hola Lucía, el centro de mesa sale a 35 € con la vela' },
    ),
    seed('whatsapp', 'Jonas Brandt', '+49 151 23456789', open(17.4 * HOUR), [
      them(NOW - 12 * DAY, 'Mit Ribbon oder lieber mit Bast? Meine Frau mag beides'),
      them(NOW - 6.6 * HOUR, 'Wann kommt die Lieferung?'),
      us(NOW - 65 * MINUTE, 'Die Lieferung kommt am Freitag gegen elf Uhr', {
        delivery: 'failed',
        failure: { reason: 'too_fast', code: '130429', again: true },
      }),
    ]),
    seed(
      'whatsapp',
      '+44 7700 900456',
      '+44 7700 900456',
      open(22 * HOUR),
      [them(NOW - 92 * MINUTE, 'Is my gift card from last year still good?')],
      { unread: 1 },
    ),
    seed(
      'instagram',
      'Sofia Marques',
      'sofia.marques',
      open(21.4 * HOUR, true),
      [
        them(NOW - 34 * DAY, 'Is the ribbon silk? It looks so soft in the picture'),
        us(NOW - 34 * DAY + HOUR, 'It is, from Como.'),
        them(NOW - 114 * MINUTE, 'Like this one but smaller? For twelve tables', {
          attachments: [picture()],
        }),
      ],
      { picture: sofia },
    ),
  ];
}

function regulars(): Seed[] {
  return [
    seed(
      'messenger',
      'Café Almendra',
      null,
      {
        kind: 'humanOnly',
        until: NOW + 6 * DAY,
        openedAt: NOW - DAY,
      },
      [
        them(NOW - 27 * DAY, 'No ribbon on the table flowers this week, just the kraft paper'),
        us(NOW - DAY - HOUR, 'The table flowers leave here at eight, as always', {
          delivery: 'delivered',
        }),
      ],
    ),
    seed('whatsapp', 'Omar Aziz', '+971 50 123 4567', open(9 * HOUR), [
      them(NOW - 15 * HOUR, null, {
        attachments: [absent({ kind: 'audio', state: 'kept', fileName: null, bytes: 96_000 })],
      }),
    ]),
    seed(
      'instagram',
      'Mia Keller',
      'mia.keller',
      { kind: 'closed', since: NOW - 2 * DAY, templates: false },
      [
        them(NOW - 9 * DAY, 'Die Blumen waren wunderschön, danke!'),
        us(NOW - 3 * DAY, 'Danke dir, liebe Mia. Bis zum nächsten Mal!'),
      ],
    ),
    seed(
      'whatsapp',
      '佐藤 健',
      '+81 90 1234 5678',
      { kind: 'closed', since: NOW - 2 * DAY, templates: true },
      [
        them(NOW - 4 * DAY, '配達は可能ですか？'),
        us(NOW - 3 * DAY, '本日お届けしました。ありがとうございました。'),
      ],
      { draft: 'またのご利用をお待ちしております' },
    ),
    seed('messenger', 'Anastasia Kuznetsova', null, open(20 * HOUR, true), [
      them(NOW - 4 * HOUR, 'Здравствуйте! Можно заказать композицию на субботу?'),
      us(NOW - 3.9 * HOUR, 'Конечно. На какое время?', { delivery: 'sent' }),
    ]),
    seed('instagram', 'Thandiwe Mokoena', 'thandi.m', open(12 * HOUR, true), [
      them(NOW - 12 * HOUR, null, { unsent: true }),
      them(NOW - 11.9 * HOUR, 'Sorry, wrong chat 😅'),
    ]),
    seed('messenger', 'Nguyễn Thị Hương', null, open(16 * HOUR, true), [
      them(NOW - 8 * HOUR, 'Cho mình hỏi giá hoa hồng Đà Lạt?', {
        reactions: [{ by: 'shop', emoji: '🌹' }],
      }),
      us(NOW - 7.9 * HOUR, 'Dạ 12 bông là £30 ạ.', { edited: true }),
    ]),
  ];
}

/** One conversation with everything that can go wrong, and one with everything odd. */
function trouble(): Seed[] {
  return [
    seed('messenger', 'Rosalind Achterberg', null, open(6 * HOUR, true), everyFailure()),
    seed('instagram', 'Priya Natarajan', 'priya.flowers', open(8 * HOUR, true), everyOddity()),
    seed('whatsapp', 'a'.repeat(300), '+44 7700 900999', open(5 * HOUR), naughty()),
  ];
}

function everyFailure(): ThreadItemView[] {
  const reasons = [
    'window_closed',
    'person_unavailable',
    'unknown_recipient',
    'sign_in_ended',
    'permission_missing',
    'too_long',
    'picture_too_large',
    'picture_refused',
    'too_fast',
    'blocked',
    'not_delivered',
    'opted_out',
    'platform_down',
    'offline',
    'refused',
    'something_new',
  ];
  return [
    them(NOW - 3 * HOUR, 'Could you send me the list again?'),
    ...reasons.map((reason, index) =>
      us(NOW - 2 * HOUR + index * MINUTE, `Here is the list, try ${index + 1}`, {
        delivery: 'failed',
        failure: { reason, code: index % 2 ? null : '10/2534022', again: reason !== 'opted_out' },
      }),
    ),
    us(NOW - 20 * MINUTE, 'Did the second page arrive?', { delivery: 'unconfirmed' }),
    us(NOW - 4 * MINUTE, 'And the third?', { delivery: 'queued' }),
    us(NOW - 3 * MINUTE, 'The fourth is on its way', { delivery: 'sending' }),
  ];
}

function everyOddity(): ThreadItemView[] {
  const at = NOW - 5 * HOUR;
  return [
    them(at, 'Look what you made!', { story: { mention: true, until: at - HOUR } }),
    { kind: 'gap', at: at + MINUTE, count: 3 },
    them(at + 2 * MINUTE, null, { unsupported: 'ig_poll' }),
    them(
      at + 3 * MINUTE,
      'The menu is at https://example.com/menu?table=12 or xn--e1afmkfd.com, write to me@example.org',
    ),
    them(at + 9 * MINUTE, null, { attachments: [absent({ state: 'loading' })] }),
    them(at + 20 * MINUTE, null, { attachments: [absent({ state: 'failed' })] }),
    them(at + 30 * MINUTE, null, { attachments: [absent({ state: 'gone' })] }),
    them(at + 40 * MINUTE, null, {
      attachments: [
        absent({
          kind: 'file',
          state: 'kept',
          fileName: 'Order list, November (final) v2.pdf',
          bytes: 2_140_000,
        }),
      ],
    }),
    them(at + 50 * MINUTE, null, {
      attachments: [
        picture({ kind: 'sticker', thumb: misaki, full: misaki, width: 200, height: 200 }),
      ],
    }),
    us(at + 60 * MINUTE, null, { unsent: true }),
    us(at + 61 * MINUTE, 'Thank you', { delivery: 'delivered' }),
    us(
      at + 62 * MINUTE,
      'We saw it on the way to the market, and everybody at the stall had to look. Three of them asked for the same one.',
      { delivery: 'read' },
    ),
  ];
}

function naughty(): ThreadItemView[] {
  const at = NOW - 19 * HOUR;
  return [
    them(at, 'W'.repeat(400)),
    them(at + MINUTE, 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞'),
    them(at + 2 * MINUTE, '<script>alert(1)</script> <b>bold</b> &amp; {{name}} *stars*'),
    them(at + 3 * MINUTE, 'שלום English مرحبا 123 (456) → ok?'),
    them(at + 4 * MINUTE, '👩‍👩‍👧‍👦🏳️‍🌈👍🏿🫱🏼‍🫲🏾'.repeat(20)),
    them(at + 5 * MINUTE, 'https://example.com/' + 'very-long-path/'.repeat(30)),
    us(at + 6 * MINUTE, '\n\n\nlines\n\n\n', { delivery: 'delivered' }),
  ];
}

const firstNames = [
  'Ana',
  'Bilal',
  'Chiara',
  'Dmitri',
  'Elif',
  'Femi',
  'Greta',
  'Hana',
  'Ines',
  'Jun',
];
const lastNames = [
  'Costa',
  'Rahman',
  'Rossi',
  'Petrov',
  'Yılmaz',
  'Adeyemi',
  'Lind',
  'Kim',
  'Moreau',
  'Sato',
];

/** Many more, for long lists. */
export function crowd(count: number): Seed[] {
  const channels: ChannelView[] = ['instagram', 'messenger', 'whatsapp'];
  return Array.from({ length: count }, (_, index) => {
    const name = `${firstNames[index % 10] ?? ''} ${lastNames[Math.floor(index / 10) % 10] ?? ''}`;
    const at = NOW - 2 * DAY - index * 37 * MINUTE;
    return seed(
      channels[index % 3] ?? 'messenger',
      `${name} ${index + 1}`,
      null,
      {
        kind: 'closed',
        since: at + DAY,
        templates: index % 3 === 2,
      },
      [them(at - HOUR, 'Are you open on Sunday?'), us(at, 'From ten to four.')],
    );
  });
}

/** A long thread. */
export function longTalk(count: number): ThreadItemView[] {
  return Array.from({ length: count }, (_, index) => {
    const at = NOW - (count - index) * 11 * MINUTE - HOUR;
    return index % 3 === 2
      ? us(at, `Answer number ${index}`)
      : them(at, `Question number ${index}`);
  });
}
