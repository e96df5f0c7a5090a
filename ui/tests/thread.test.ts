import { expect, it } from 'vitest';
import { FakeShop } from '../src/backend/fake/fake';
import { keyOf } from '../src/state/items';
import { Thread } from '../src/state/thread.svelte';

function long(): { shop: FakeShop; id: string; messages: string[] } {
  const shop = new FakeShop(new URLSearchParams('scene=long'));
  const one = shop.kept.find((each) => each.seed.name.startsWith('Clara'));
  if (!one) throw new Error('Clara');
  return { shop, id: one.seed.id, messages: one.seed.items.map(keyOf) };
}

it('is away after a jump into the past, and back at the newest end when asked', async () => {
  const { shop, id, messages } = long();
  const thread = new Thread(shop, id, messages[100]);
  await thread.read();
  expect(thread.away).toBe(true);
  expect(thread.items.map(keyOf)).toContain(messages[100]);
  await thread.newest();
  expect(thread.away).toBe(false);
  expect(thread.items.map(keyOf).at(-1)).toBe(messages.at(-1));
  thread.dispose();
});

it('is not away when what lies around a message reaches to the newest', async () => {
  const { shop, id, messages } = long();
  const found = messages.at(-3) ?? '';
  const thread = new Thread(shop, id, found);
  await thread.read();
  expect(thread.away).toBe(false);
  expect(thread.foundId).toBe(found);
  shop.arrive(id, 'And one more thing');
  await expect.poll(() => thread.items.length).toBeGreaterThan(0);
  await expect
    .poll(() => {
      const last = thread.items.at(-1);
      return last?.kind === 'message' ? last.message.text : undefined;
    })
    .toBe('And one more thing');
  expect(thread.away).toBe(false);
  thread.dispose();
});
