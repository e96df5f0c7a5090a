import { beforeEach, describe, expect, it } from 'vitest';
import type { ChannelView, ConnectionCountView } from '../src/backend/backend';
import { handleText, isTyped, typedName } from '../src/i18n/handle';
import { rulesFor } from '../src/i18n/numbers.svelte';
import { apart, inOrder, shopName } from '../src/i18n/order';
import { listed, words } from '../src/i18n/words.svelte';

beforeEach(() => {
  words.tongue = 'en';
});

function one(id: string, channel: ChannelView, name: string): ConnectionCountView {
  return { id, channel, name, conversations: 0, unread: 0, trouble: false };
}

const handles: Record<string, string> = { i1: 'fern', i2: 'fern.weddings', w1: '+819012345601' };
const handleOf = (id: string): string | null => handles[id] ?? null;

describe('connections', () => {
  it('stand by channel, then name, then id, however they came', () => {
    const all = [
      one('s1', 'sms', 'A'),
      one('w1', 'whatsapp', 'A'),
      one('m1', 'messenger', 'A'),
      one('i3', 'instagram', 'Fern 10'),
      one('i2', 'instagram', 'Fern 9'),
      one('i1', 'instagram', 'Fern 9'),
    ];
    const ids = ['i1', 'i2', 'i3', 'm1', 'w1', 's1'];
    expect(inOrder(all).map(({ id }) => id)).toEqual(ids);
    expect(inOrder(all.toReversed()).map(({ id }) => id)).toEqual(ids);
  });

  it('are called by their channel alone, unless there are two of it', () => {
    const [first, second, page] = [
      one('i1', 'instagram', 'Fern & Ribbon'),
      one('i2', 'instagram', 'Fern & Ribbon'),
      one('m1', 'messenger', 'Fern & Ribbon'),
    ];
    expect(apart(first, [first, page], handleOf)).toBeUndefined();
    expect(apart(first, [first, second, page], handleOf)).toBe('@fern');
    expect(apart(second, [first, second, page], handleOf)).toBe('@fern.weddings');
    const other = { ...second, name: 'Weddings' };
    expect(apart(other, [first, other], handleOf)).toBe('Weddings');
  });

  it('give the shop its name, until the owner gives one', () => {
    const all = [one('i1', 'instagram', 'fern'), one('m1', 'messenger', 'Fern & Ribbon')];
    expect(shopName('My shop', all)).toBe('My shop');
    expect(shopName('', all)).toBe('Fern & Ribbon');
    expect(shopName('', all.slice(0, 1))).toBe('fern');
    expect(shopName('', [])).toBe('Shopbell');
  });

  it('give it the same name of two Pages, however they came', () => {
    const all = [one('m2', 'messenger', 'Fern Weddings'), one('m1', 'messenger', 'Fern & Ribbon')];
    expect(shopName('', all)).toBe('Fern & Ribbon');
    expect(shopName('', all.toReversed())).toBe('Fern & Ribbon');
  });
});

describe('two Pages of one name', () => {
  const [first, second] = (['…1234', '…9876'] as const).map((handle) => ({
    channel: 'messenger' as const,
    name: 'Fern & Ribbon',
    handle,
  }));

  it('are told apart by the end of their ids, which is what is typed to wipe one', () => {
    expect(first && handleText(first)).toBe('Page …1234');
    expect(second && handleText(second)).toBe('Page …9876');
    expect(first && typedName(first)).toBe('1234');
    for (const typed of ['1234', '…1234', ' 12 34 ']) expect(isTyped(typed, '1234')).toBe(true);
    expect(isTyped('9876', '1234')).toBe(false);
    words.tongue = 'ar';
    expect(first && handleText(first)).toContain('…1234');
  });
});

describe('a number in a sentence', () => {
  it('keeps its own direction among Arabic words', () => {
    const name = '+81 90 1234 5601';
    expect(words.text('compose.hint', { name })).toBe(`Reply to ${name}`);
    words.tongue = 'ar';
    expect(words.text('compose.hint', { name })).toContain(`\u2066${name}\u2069`);
    expect(words.text('compose.hint', { name: 'Clara' })).not.toContain('\u2066');
  });
});

describe('a handle', () => {
  it('is written as people of its channel and country write it', async () => {
    await rulesFor(['+819012345601']);
    expect(handleText({ channel: 'instagram', handle: 'fern' })).toBe('@fern');
    for (const [came, written] of [
      ['+819012345601', '+81 90 1234 5601'],
      ['+442079460817', '+44 20 7946 0817'],
      ['+4915123456789', '+49 1512 3456789'],
      ['+971501234567', '+971 50 123 4567'],
      ['+44 7700 900311', '+44 7700 900311'],
      ['+1', '+1'],
      ['not a number', 'not a number'],
    ] as const)
      expect(handleText({ channel: 'whatsapp', handle: came })).toBe(written);
    expect(handleText({ channel: 'whatsapp', handle: null })).toBe('');
  });
});

describe('a list', () => {
  it('has the comma of its language', () => {
    expect(listed('Instagram', 'Fern')).toBe('Instagram, Fern');
    words.tongue = 'ar';
    expect(listed('إنستغرام', 'Fern')).toBe('إنستغرام، Fern');
  });
});
