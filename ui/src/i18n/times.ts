// Moments and spans in the owner's words: "14:04", "Yesterday", "Thu", "12 Nov", "3 h 12 min".
import { t, words } from './words.svelte';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** So many hours that minutes do not matter beside them. */
const MANY = 10;

/** The time of day. */
export function clock(at: number): string {
  return format(at, { hour: '2-digit', minute: '2-digit' });
}

/** For rows: the time today, then "Yesterday", the weekday, the date. */
export function when(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days <= 0) return clock(at);
  if (days === 1) return t('time.yesterday');
  if (days < 7) return format(at, { weekday: 'short' });
  return date(at, now);
}

/** For the lines between days: "Today", "Yesterday", "Monday 17 November". */
export function day(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days <= 0) return t('time.today');
  if (days === 1) return t('time.yesterday');
  return format(at, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(sameYear(at, now) ? {} : { year: 'numeric' }),
  });
}

/** The date without a time, with its year when it is another one. */
export function date(at: number, now: number): string {
  return format(at, {
    day: 'numeric',
    month: 'short',
    ...(sameYear(at, now) ? {} : { year: 'numeric' }),
  });
}

/** The whole date: "3 March 2026". */
export function fullDate(at: number): string {
  return format(at, { day: 'numeric', month: 'long', year: 'numeric' });
}

/** "March 2024". */
export function month(at: number): string {
  return format(at, { month: 'long', year: 'numeric' });
}

/** A moment inside a sentence: "today at 14:04", "tomorrow at 14:04", "12 Nov at 14:04". */
export function moment(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0) return t('time.todayAt', { time: clock(at) });
  if (days === 1) return t('time.yesterdayAt', { time: clock(at) });
  if (days === -1) return t('time.tomorrowAt', { time: clock(at) });
  return t('time.dayAt', { day: nearDay(at, now), time: clock(at) });
}

/** A moment after "until": "14:04 today", "14:04 tomorrow", "14:04 on Saturday". */
export function until(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0) return t('time.untilToday', { time: clock(at) });
  if (days === -1) return t('time.untilTomorrow', { time: clock(at) });
  return t('time.untilDay', { day: nearDay(at, now), time: clock(at) });
}

/** A moment after "since": "10:49", "yesterday at 10:49". */
export function since(at: number, now: number): string {
  return daysBetween(at, now) === 0 ? clock(at) : moment(at, now);
}

/** A moment that stands by itself: "14:04", "Yesterday 14:04", "12 Nov 14:04". */
export function stamp(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0) return clock(at);
  if (days === 1) return t('time.yesterdayStamp', { time: clock(at) });
  return t('time.dayStamp', { day: nearDay(at, now), time: clock(at) });
}

function nearDay(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days > 1 && days < 7) return format(at, { weekday: 'short' });
  if (days < 0 && days > -7) return format(at, { weekday: 'long' });
  return date(at, now);
}

/**
 * A span in one unit: "42 min", "3 h", "6 days". Rounded down, so that nothing is promised; but of
 * many hours a minute is passed over, so that a whole day that has only just begun is "24 h".
 */
export function span(milliseconds: number): string {
  if (milliseconds >= 2 * DAY) return t('span.days', { n: Math.floor(milliseconds / DAY) });
  const hours = milliseconds / HOUR;
  if (hours >= 1)
    return t('span.hours', { n: Math.floor(hours < MANY ? hours : hours + MINUTE / HOUR) });
  return t('span.minutes', { n: Math.max(1, Math.floor(milliseconds / MINUTE)) });
}

/** A span in two units where the second one matters: "3 h 12 min". */
export function exactSpan(milliseconds: number): string {
  const hours = Math.floor(milliseconds / HOUR);
  const minutes = Math.floor((milliseconds % HOUR) / MINUTE);
  if (hours < 1 || hours >= MANY || minutes === 0) return span(milliseconds);
  return t('span.both', {
    hours: t('span.hours', { n: hours }),
    minutes: t('span.minutes', { n: minutes }),
  });
}

/** How far a moment is from now, in one unit: "3 minutes ago", "in 12 minutes". */
export function fromNow(at: number, now: number): string {
  const away = at - now;
  const steps = [
    ['day', DAY],
    ['hour', HOUR],
    ['minute', MINUTE],
  ] as const;
  const [unit, length] = steps.find(([, length]) => Math.abs(away) >= length) ?? steps[2];
  const count = Math.trunc(away / length) || Math.sign(away);
  return new Intl.RelativeTimeFormat(words.locale).format(count, unit);
}

/** "2.1 MB" in the reader's numbers. */
export function fileSize(bytes: number): string {
  const inMegabytes = bytes >= 1_000_000;
  return new Intl.NumberFormat(words.locale, {
    style: 'unit',
    unit: inMegabytes ? 'megabyte' : 'kilobyte',
    maximumFractionDigits: inMegabytes ? 1 : 0,
  }).format(bytes / (inMegabytes ? 1_000_000 : 1000));
}

/** Whole calendar days from `at` to `now`; negative when `at` lies ahead. */
export function daysBetween(at: number, now: number): number {
  return Math.round((midnight(now) - midnight(at)) / DAY);
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function sameYear(at: number, now: number): boolean {
  return new Date(at).getFullYear() === new Date(now).getFullYear();
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  const key = words.locale + JSON.stringify(options);
  let known = formats.get(key);
  if (!known) formats.set(key, (known = new Intl.DateTimeFormat(words.locale, options)));
  return known.format(at);
}
