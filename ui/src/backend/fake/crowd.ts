// A long list and a long thread.
import type { ChannelView, ThreadItemView } from '../backend';
import { DAY, HOUR, MINUTE, NOW, seed, them, us, type Seed } from './seeds';

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
        refused: false,
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
