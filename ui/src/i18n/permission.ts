// A permission in the owner's words.
import { en } from './en';
import { t, words, type Key } from './words.svelte';

export function permissionName(permission: string): string {
  const key = `permission.${permission}`;
  return isPermission(key) ? (words.anyPieces(key)[0]?.text ?? '') : t('permission.other');
}

function isPermission(key: string): key is Key & `permission.${string}` {
  return key in en;
}
