// What the list is called under a filter.
import type { CountsView, FilterView } from '../../backend/backend';
import { t } from '../../i18n/words.svelte';

export function titleOf(filter: FilterView, counts: CountsView | undefined): string {
  switch (filter.kind) {
    case 'all':
      return t('rail.inbox');
    case 'unread':
      return t('rail.unread');
    case 'unanswered':
      return t('rail.unanswered');
    case 'closingSoon':
      return t('rail.closingSoon');
    case 'connection':
      return counts?.connections.find((one) => one.id === filter.id)?.name ?? t('rail.inbox');
  }
}
