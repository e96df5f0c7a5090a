// The reply window in words: for rows and for the counter above the composer.
import type { WindowView } from '../backend/backend';
import { span } from './times';
import { t } from './words.svelte';

const HOUR = 3_600_000;

export type Urgency = 'quiet' | 'closing';

/** How a row says it: one short sentence, how full its ring is, how urgent it is. */
export interface WindowSaid {
  readonly sign: 'ring' | 'hand' | 'lock' | 'infinity';
  readonly text: string;
  readonly left: number;
  readonly urgency: Urgency;
}

export function sayWindow(window: WindowView, now: number): WindowSaid {
  switch (window.kind) {
    case 'open': {
      const left = window.until - now;
      if (left <= 0) return closed();
      const urgency = left < HOUR ? 'closing' : 'quiet';
      const text =
        left < HOUR
          ? t('window.closesIn', { span: span(left) })
          : t('window.left', { span: span(left) });
      return { sign: 'ring', text, left: part(left, window.until - window.openedAt), urgency };
    }
    case 'humanOnly': {
      const left = window.until - now;
      if (left <= 0) return closed();
      const text = t('window.inPerson', { span: span(left) });
      return {
        sign: 'hand',
        text,
        left: part(left, window.until - window.openedAt),
        urgency: 'quiet',
      };
    }
    case 'closed':
      return closed();
    case 'unlimited':
      return { sign: 'infinity', text: t('window.noLimit'), left: 1, urgency: 'quiet' };
  }
}

/** True while an answer may be written at all. */
export function mayReply(window: WindowView, now: number): boolean {
  if (window.kind === 'unlimited') return true;
  return window.kind !== 'closed' && window.until > now;
}

function closed(): WindowSaid {
  return { sign: 'lock', text: t('window.closed'), left: 0, urgency: 'quiet' };
}

function part(left: number, whole: number): number {
  return whole > 0 ? left / whole : 0;
}
