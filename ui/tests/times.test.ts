import { beforeEach, describe, expect, it } from 'vitest';
import { sayLooked } from '../src/components/settings/looked';
import { connection } from '../src/backend/fake/scenes';
import {
  day,
  exactSpan,
  fromNow,
  moment,
  since,
  span,
  stamp,
  until,
  when,
} from '../src/i18n/times';
import { mayReply, sayWindow } from '../src/i18n/window';
import { words } from '../src/i18n/words.svelte';

const at = (day: number, hour: number, minute = 0): number =>
  new Date(2026, 10, day, hour, minute).getTime();
const now = at(24, 10, 52);
const HOUR = 3_600_000;

beforeEach(() => {
  words.tongue = 'en';
});

describe('moments', () => {
  it('are as short as they can be', () => {
    expect(when(at(24, 9, 20), now)).toMatch(/09:20/);
    expect(when(at(23, 9, 20), now)).toBe('Yesterday');
    expect(when(at(20, 9), now)).toBe('Fri');
    expect(when(at(2, 9), now)).toMatch(/2|Nov/);
    expect(day(at(24, 1), now)).toBe('Today');
  });

  it('read well in a sentence and by themselves', () => {
    expect(moment(at(23, 14, 4), now)).toMatch(/^yesterday at /);
    expect(stamp(at(23, 14, 4), now)).toMatch(/^Yesterday /);
    expect(since(at(24, 10, 49), now)).not.toContain('today');
    expect(moment(at(25, 14, 4), now)).toMatch(/^tomorrow at /);
  });

  it('that something ends at are said by their day', () => {
    const ends = [at(24, 14, 4), at(25, 14, 4), at(28, 14, 4)];
    const [today, tomorrow, later] = ends.map((end) => until(end, now));
    expect(today).toMatch(/04.* today$/);
    expect(tomorrow).toMatch(/04.* tomorrow$/);
    expect(later).toMatch(/04.* on Saturday$/);
    expect(until(new Date(2026, 11, 3, 9).getTime(), now)).toMatch(/3|Dec/);
    words.tongue = 'ar';
    expect(ends.map((end) => until(end, now))).toEqual([
      'الساعة 14:04 اليوم',
      'الساعة 14:04 غدًا',
      'الساعة 14:04 يوم السبت',
    ]);
  });
});

describe('spans', () => {
  it('round down, so that nothing is promised', () => {
    expect(span(3.99 * HOUR)).toBe('3 h');
    expect(span(42.9 * 60_000)).toBe('42 min');
    expect(span(6.9 * 24 * HOUR)).toBe('6 days');
    expect(exactSpan(3.2 * HOUR)).toBe('3 h 12 min');
    expect(span(9.99 * HOUR)).toBe('9 h');
  });

  it('of many hours pass over a minute, so that a day that has just begun is a whole one', () => {
    for (const said of [span, exactSpan]) {
      expect(said(24 * HOUR - 3000)).toBe('24 h');
      expect(said(24 * HOUR + 14_000)).toBe('24 h');
      expect(said(23.9 * HOUR)).toBe('23 h');
      expect(said(23 * HOUR)).toBe('23 h');
      expect(said(10.02 * HOUR)).toBe('10 h');
      expect(said(10 * HOUR)).toBe('10 h');
      expect(said(47.9 * HOUR)).toBe('47 h');
    }
  });
});

describe('the hours of a day', () => {
  it('are counted to twenty-four where no region says otherwise', () => {
    words.tongue = 'ar';
    expect(stamp(at(24, 14, 4), now)).toBe('14:04');
  });
});

describe('how far away a moment is', () => {
  const MINUTE = 60_000;

  it('is said in one unit, before and after', () => {
    expect(fromNow(now - 3 * MINUTE, now)).toBe('3 minutes ago');
    expect(fromNow(now + 12.9 * MINUTE, now)).toBe('in 12 minutes');
    expect(fromNow(now + 40_000, now)).toBe('in 1 minute');
    expect(fromNow(now - 30 * HOUR, now)).toBe('1 day ago');
    words.tongue = 'ar';
    expect(fromNow(now + 12 * MINUTE, now)).toBe('خلال 12 دقيقة');
  });

  it('says of everything what is so of the one that was looked at longest ago', () => {
    const one = (ago: number | null, next: number) => ({
      ...connection('c', 'instagram', 'Fern & Ribbon', null, 1, 1),
      lookedAt: ago === null ? null : now - ago,
      nextLookAt: now + next,
    });
    expect(sayLooked([one(40_000, 14 * MINUTE), one(3 * MINUTE, 12 * MINUTE)], now)).toBe(
      'Last looked at everything 3 minutes ago. Next look in 12 minutes.',
    );
    expect(sayLooked([one(40_000, 14 * MINUTE)], now)).toContain('less than a minute ago');
    expect(sayLooked([one(HOUR, -45 * MINUTE)], now)).toBe('Last looked at everything 1 hour ago.');
    for (const none of [[], [one(null, 0), one(1, 1)]])
      expect(sayLooked(none, now)).toContain('Where your customers write to you');
  });
});

describe('the reply window', () => {
  const open = (left: number) => ({
    kind: 'open' as const,
    until: now + left,
    openedAt: now + left - 24 * HOUR,
    thenHumanUntil: null,
  });

  it('is whole the moment somebody has written', () => {
    expect(sayWindow(open(24 * HOUR - 3000), now).text).toBe('24 h left');
  });

  it('becomes urgent in its last hour', () => {
    expect(sayWindow(open(5 * HOUR), now)).toMatchObject({ text: '5 h left', urgency: 'quiet' });
    expect(sayWindow(open(HOUR - 1), now)).toMatchObject({
      text: 'Closes in 59 min',
      urgency: 'closing',
    });
  });

  it('closes by itself when its time has passed', () => {
    expect(mayReply(open(1), now)).toBe(true);
    expect(mayReply(open(0), now)).toBe(false);
    expect(sayWindow(open(-1), now).sign).toBe('lock');
    expect(mayReply({ kind: 'closed', since: null, templates: true, refused: false }, now)).toBe(
      false,
    );
    expect(mayReply({ kind: 'unlimited' }, now)).toBe(true);
  });
});
