// How a person or an account is called on its channel.
import type { ChannelView } from '../backend/backend';

interface Named {
  readonly channel: ChannelView;
  readonly handle: string | null;
}

/** `@name` on Instagram, the number as it is elsewhere. */
export function handleText({ channel, handle }: Named): string {
  if (!handle) return '';
  return channel === 'instagram' && !handle.startsWith('@') ? `@${handle}` : handle;
}
