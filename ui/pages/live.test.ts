import { expect, it } from 'vitest';
import type { FakeShop } from '../src/backend/fake/fake';
import { stage } from './stage';
import { visit } from './window';

const on = stage();

it('a list draws the rows that come while it is shown', async () => {
  // High enough for all of them: a list draws no more than is in view.
  const size = { width: 1440, height: 2400 };
  const { page, close } = await visit(on.at, on.url, 'scene=inbox', { size });
  const rows = page.getByRole('option');
  await rows.first().waitFor();
  const shown = await rows.count();
  const names = ['Nova One', 'Nova Two', 'Nova Three'];
  for (const name of names) {
    await page.evaluate((called) => {
      const { fakeShop } = globalThis as unknown as { fakeShop: FakeShop };
      const known = fakeShop.kept[0];
      if (!known) throw new Error('the scene has a conversation');
      const seed = { ...structuredClone(known.seed), id: called, name: called };
      fakeShop.kept.push({ ...structuredClone(known), seed });
      fakeShop.arrive(called, 'Are you open today?');
    }, name);
    await page.getByRole('option', { name }).waitFor();
  }
  await expect.poll(() => rows.count()).toBe(shown + names.length);
  await close();
});
