// When everything was last looked at, and when that is done again.
import type { ConnectionView } from '../../backend/backend';
import { fromNow } from '../../i18n/times';
import { t } from '../../i18n/words.svelte';

const MINUTE = 60_000;

/** "Everything" is as old as the connection that was looked at longest ago. */
export function sayLooked(all: readonly ConnectionView[], now: number): string {
  const looked = all.map((one) => one.lookedAt);
  if (looked.length === 0 || looked.includes(null)) return t('connections.sub');
  const at = Math.min(...looked.map(Number));
  const ago = now - at < MINUTE ? t('connections.justNow') : fromNow(at, now);
  const said = t('connections.lookedAt', { ago });
  const next = Math.min(...all.map((one) => one.nextLookAt ?? 0));
  // One that is overdue is tried again and again: that is said by the connection itself.
  if (next <= now) return said;
  return `${said} ${t('connections.nextLook', { when: fromNow(next, now) })}`;
}
