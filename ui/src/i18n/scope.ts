// What a receipt says was erased, in the reader's words.
import { t } from './words.svelte';

export function scopeName(scope: string): string {
  switch (scope) {
    case 'connection':
    case 'login':
    case 'person':
    case 'everything':
      return t(`scope.${scope}`);
    default:
      return scope;
  }
}
