// Everything that can go wrong with a message, everything odd, and words made to break a window.
import type { ThreadItemView } from '../backend';
import {
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

const { misaki } = pictures;

/** One conversation with everything that can go wrong, and one with everything odd. */
export function trouble(): Seed[] {
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
    us(NOW - 4 * MINUTE, 'And the third?', {
      delivery: 'queued',
      failure: { reason: 'offline', code: null, again: false },
    }),
    us(NOW - 3 * MINUTE, 'The fourth is on its way', { delivery: 'sending' }),
  ];
}

function everyOddity(): ThreadItemView[] {
  const at = NOW - 5 * HOUR;
  return [
    them(at, 'Look what you made!', { story: { mention: true, until: at - HOUR } }),
    { kind: 'gap', at: at + MINUTE, count: 3 },
    { kind: 'gap', at: at + MINUTE, count: 0 },
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
