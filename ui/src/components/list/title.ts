// What the list is called under a filter.
import type { ConnectionCountView, CountsView, FilterView } from '../../backend/backend';
import { listed, t } from '../../i18n/words.svelte';

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
      return connectionTitle(counts?.connections.find((one) => one.id === filter.id));
  }
}

function connectionTitle(one: ConnectionCountView | undefined): string {
  return one ? listed(t(`channel.${one.channel}`), one.name) : t('rail.inbox');
}
