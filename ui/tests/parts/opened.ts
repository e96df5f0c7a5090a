// The whole window over the in-memory shop: opened by a test, closed after each.
import { afterEach, beforeEach, expect } from 'vitest';
import { page } from 'vitest/browser';
import { mount, unmount } from 'svelte';
import '../../src/styles/tokens.css';
import '../../src/styles/base.css';
import '../../src/styles/controls.css';
import App from '../../src/App.svelte';
import { FakeShop } from '../../src/backend/fake/fake';

let app: object | undefined;

/** Opens the window, as an address with this query would, and gives the shop behind it. */
export async function open(ask = ''): Promise<FakeShop> {
  const shop = new FakeShop(new URLSearchParams(ask));
  const target = document.createElement('div');
  target.id = 'window';
  document.body.append(target);
  app = mount(App, { target, props: { backend: shop } });
  await expect.poll(() => document.querySelector('h1')).not.toBeNull();
  return shop;
}

/** Closes the window; a test may open another. */
export async function close(): Promise<void> {
  if (app) await unmount(app);
  app = undefined;
  document.getElementById('window')?.remove();
}

export const log = () => page.getByRole('log', { name: 'Messages' });

beforeEach(async () => {
  await page.viewport(1440, 900);
});
afterEach(close);
