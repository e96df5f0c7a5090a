// How a person or an account is called on its channel.
import type { ChannelView } from '../backend/backend';
import { numberText } from './numbers.svelte';
import { t } from './words.svelte';

interface Named {
  readonly channel: ChannelView;
  readonly handle: string | null;
}

/** True where two accounts of one name have no handle: the end of an id stands in for it. */
export function isEnding(handle: string | null): boolean {
  return handle?.startsWith('…') ?? false;
}

/** `@name` on Instagram; a number with the spaces of its country; elsewhere as it is. */
export function handleText({ channel, handle }: Named): string {
  if (!handle) return '';
  if (isEnding(handle)) return t('handle.page', { ending: handle });
  if (channel === 'instagram') return handle.startsWith('@') ? handle : `@${handle}`;
  return channel === 'messenger' ? handle : numberText(handle);
}

/** Somebody's name, or that it is not known yet: Meta tells it a moment after the first words. */
export function calledName(one: { readonly channel: ChannelView; readonly name: string }): string {
  return one.name || t('person.unnamed', { channel: t(`channel.${one.channel}`) });
}

/** What the owner types to disconnect an account: its handle or number, else its name. */
export function typedName(account: Named & { readonly name: string }): string {
  if (isEnding(account.handle)) return account.handle?.slice(1) ?? '';
  return handleText(account).replace(/^@/, '') || account.name;
}

/** Whether a handle or a number was typed, with or without its `@` and its spaces. */
export function isTyped(typed: string, name: string): boolean {
  const plain = (text: string): string =>
    text.replace(/\s/g, '').replace(/^[@…]/, '').toLowerCase();
  return plain(typed) === plain(name);
}
