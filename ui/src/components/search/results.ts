// What was found, as one list: people first, then messages.
import type { ConversationView, SearchHitView, SearchView } from '../../backend/backend';

export type Result =
  | { readonly kind: 'person'; readonly key: string; readonly row: ConversationView }
  | { readonly kind: 'message'; readonly key: string; readonly hit: SearchHitView };

export function resultsOf(found: SearchView | undefined): Result[] {
  if (!found) return [];
  return [
    ...found.people.map((row): Result => ({ kind: 'person', key: `person-${row.id}`, row })),
    ...found.messages.map((hit): Result => ({ kind: 'message', key: hit.messageId, hit })),
  ];
}
