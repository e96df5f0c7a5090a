// The people of the flower shop, and what they and the shop said.
import {
  DAY,
  HOUR,
  MINUTE,
  NOW,
  absent,
  open,
  picture,
  pictures,
  seed,
  them,
  us,
  type Seed,
} from './seeds';
import { trouble } from './trouble';

const { bouquet, clara, misaki, sofia } = pictures;

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
      '+447700900456',
      '+447700900456',
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
        refused: false,
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
      { kind: 'closed', since: NOW - 2 * DAY, templates: false, refused: false },
      [
        them(NOW - 9 * DAY, 'Die Blumen waren wunderschön, danke!'),
        us(NOW - 3 * DAY, 'Danke dir, liebe Mia. Bis zum nächsten Mal!'),
      ],
    ),
    seed(
      'whatsapp',
      '佐藤 健',
      '+81 90 1234 5678',
      { kind: 'closed', since: NOW - 2 * DAY, templates: true, refused: false },
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
