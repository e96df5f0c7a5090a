// A relay that a link names, and why it was not met, in the owner's words.
import type { ErrorCode } from '../backend/backend';
import { t } from './words.svelte';

/** The address a `shopbell://relay?…` link names; letters of other scripts in their true form. */
export function namedBy(link: string): string {
  const given = (URL.canParse(link) && new URL(link).searchParams.get('url')) || link;
  return URL.canParse(given) ? new URL(given).href : given;
}

/** Before a relay is trusted there is one key that can differ: the one the link brought. */
export function sayNotMet(code: ErrorCode): string {
  return code === 'relayKeyChanged' ? t('relay.linkKeyDiffers') : t(`error.${code}`);
}
