// The order connections stand in, everywhere, and how they are told apart.
import type { ChannelView, ConnectionCountView } from '../backend/backend';
import { handleText } from './handle';
import { words } from './words.svelte';

const channels: readonly ChannelView[] = ['instagram', 'messenger', 'whatsapp', 'sms'];

interface Placed {
  readonly id: string;
  readonly channel: ChannelView;
  readonly name: string;
}

/** By channel, then by name, then by id: the same at each start. */
export function inOrder<One extends Placed>(connections: readonly One[]): One[] {
  const { compare } = new Intl.Collator(words.locale, { numeric: true });
  return connections.toSorted(
    (a, b) =>
      channels.indexOf(a.channel) - channels.indexOf(b.channel) ||
      compare(a.name, b.name) ||
      (a.id < b.id ? -1 : 1),
  );
}

/** What stands under the channel's name where the channel's name alone would not do. */
export function apart(
  one: Placed,
  all: readonly Placed[],
  handleOf: (id: string) => string | null,
): string | undefined {
  const like = all.filter((other) => other.channel === one.channel);
  if (like.length < 2) return undefined;
  const namesakes = like.filter((other) => other.name === one.name);
  const handle = handleText({ channel: one.channel, handle: handleOf(one.id) });
  return namesakes.length > 1 && handle ? handle : one.name;
}

/** The shop's name: the owner's own, or its Page's, or what its first account is called. */
export function shopName(own: string, connections: readonly ConnectionCountView[]): string {
  if (own) return own;
  const all = inOrder(connections);
  const page = all.find((one) => one.channel === 'messenger');
  return (page ?? all[0])?.name ?? 'Shopbell';
}
