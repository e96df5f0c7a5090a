// A thread as it is drawn: lines between days, the line before what is new, gaps, and turns: what
// one side said in one go, under one time and one tick.
import type { MessageView, ThreadItemView } from '../../backend/backend';
import { daysBetween } from '../../i18n/times';

const TOGETHER = 5 * 60_000;

export type Block =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'new'; readonly key: string }
  | { readonly kind: 'gap'; readonly key: string; readonly count: number }
  | Turn;

export interface Turn {
  readonly kind: 'turn';
  readonly key: string;
  readonly messages: MessageView[];
}

/** Cuts a thread into blocks; `firstNew` is the message the "New" line stands before. */
export function blocksOf(items: readonly ThreadItemView[], firstNew: string | undefined): Block[] {
  const blocks: Block[] = [];
  let before: number | undefined;
  for (const item of items) {
    const at = item.kind === 'gap' ? item.at : item.message.at;
    if (before === undefined || daysBetween(before, at) !== 0)
      blocks.push({ kind: 'day', key: `day-${item.kind === 'gap' ? at : item.message.id}`, at });
    before = at;
    if (item.kind === 'gap') {
      // Two gaps of one moment are two rows.
      const key = `gap-${at}`;
      const above = blocks.at(-1)?.key ?? '';
      blocks.push({
        kind: 'gap',
        key: above.startsWith(key) ? `${above}+` : key,
        count: item.count,
      });
      continue;
    }
    if (item.message.id === firstNew) blocks.push({ kind: 'new', key: 'new' });
    const last = blocks.at(-1);
    if (last?.kind === 'turn' && belongs(last.messages.at(-1), item.message))
      last.messages.push(item.message);
    else blocks.push({ kind: 'turn', key: item.message.id, messages: [item.message] });
  }
  return blocks;
}

/** One turn: the same side, close together, and nothing that needs words of its own. */
function belongs(last: MessageView | undefined, next: MessageView): boolean {
  return (
    last !== undefined &&
    last.author === next.author &&
    next.at - last.at < TOGETHER &&
    last.fromPhone === next.fromPhone &&
    last.recovered === next.recovered &&
    last.delivery === next.delivery &&
    !needsWords(last) &&
    !needsWords(next)
  );
}

function needsWords(message: MessageView): boolean {
  return (
    message.delivery === 'failed' ||
    message.delivery === 'unconfirmed' ||
    message.delivery === 'held' ||
    message.edited
  );
}
