import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { stage } from './stage';
import { visit } from './window';

const on = stage();

interface Focused {
  readonly name: string;
  readonly tag: string;
  readonly seen: boolean;
}

/** What has the focus, and whether one can see that. */
async function focused(page: Page): Promise<Focused> {
  return page.evaluate(() => {
    const part = document.activeElement;
    if (!(part instanceof HTMLElement)) return { name: '', tag: '', seen: false };
    const box = part.getBoundingClientRect();
    const ring = (of: Element | null): boolean => {
      if (!of) return false;
      const style = getComputedStyle(of);
      return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
    };
    const inView = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
    return {
      name: part.getAttribute('aria-label') ?? part.textContent?.trim() ?? '',
      tag: part.tagName,
      seen: inView && (ring(part) || ring(part.closest('.compose, .input, label'))),
    };
  });
}

describe('by keyboard alone', () => {
  it('every stop of the Tab key is visible, and there is no trap', async () => {
    const { page, close } = await visit(on.at, on.url, 'scene=inbox');
    await page.locator('[role=option]').first().waitFor();
    await page.keyboard.press('j');
    await page.locator('[role=log]').waitFor();
    const names: string[] = [];
    for (let stop = 0; stop < 80; stop += 1) {
      await page.keyboard.press('Tab');
      const now = await focused(page);
      if (now.tag === 'BODY') break;
      expect(now, `stop ${stop}: ${now.name}`).toMatchObject({ seen: true });
      names.push(now.name);
    }
    for (const name of ['Search', 'Settings', 'Reply', 'Messages'])
      expect(
        names.some((one) => one.includes(name)),
        name,
      ).toBe(true);
    expect(names.length).toBeLessThan(80);
    await close();
  });

  it('the whole job is done: find, read, answer, take back, go on', async () => {
    const { page, close } = await visit(on.at, on.url, 'scene=inbox&hold=20');
    await page.locator('[role=option]').first().waitFor();
    await page.keyboard.press('j');
    await page.getByRole('heading', { name: 'Clara Whitfield' }).first().waitFor();
    await page.keyboard.press('j');
    await page.getByRole('heading', { name: 'Rosalind' }).first().waitFor();
    await page.keyboard.press('k');
    await page.getByRole('heading', { name: 'Clara Whitfield' }).first().waitFor();
    await page.keyboard.press('n');
    await page.getByRole('heading', { name: '田中 美咲' }).first().waitFor();
    await page.keyboard.press('r');
    expect((await focused(page)).name).toBe('Reply');
    await page.keyboard.type('jk, yes');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('jk, yes').waitFor();
    await page.keyboard.press('Control+z');
    await expect
      .poll(() => page.getByRole('textbox', { name: 'Reply' }).inputValue())
      .toBe('jk, yes');
    await page.keyboard.press('Escape');
    await expect.poll(async () => (await focused(page)).name).toContain('田中 美咲');
    await page.keyboard.press('i');
    await expect.poll(() => page.getByRole('region', { name: 'Person' }).count()).toBe(0);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('table flowers');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Café Almendra' }).first().waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+,');
    await page.getByRole('region', { name: 'Connections' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('listbox', { name: 'Conversations' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await close();
  });

  it('letters are letters while a field is being written in', async () => {
    const { page, close } = await visit(on.at, on.url, 'scene=inbox');
    await page.locator('[role=option]').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('r');
    await page.locator('textarea').fill('');
    await page.keyboard.type('jkrniw?');
    expect(await page.locator('textarea').inputValue()).toBe('jkrniw?');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await close();
  });

  it('a dialog keeps the focus and gives it back', async () => {
    const { page, close } = await visit(on.at, on.url, 'scene=inbox');
    await page.keyboard.press('Control+,');
    const opener = page.getByRole('button', { name: 'Disconnect and wipe' }).first();
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect((await focused(page)).tag).toBe('INPUT');
    for (let stop = 0; stop < 6; stop += 1) {
      await page.keyboard.press('Tab');
      const inside = await page.evaluate(
        () =>
          document.activeElement === document.body || !!document.activeElement?.closest('dialog'),
      );
      expect(inside).toBe(true);
    }
    await page.keyboard.press('Escape');
    await expect.poll(async () => (await focused(page)).name).toBe('Disconnect and wipe');
    expect(await page.getByRole('article').count()).toBe(3);
    await close();
  });

  it('accounts are chosen with the arrows and the space bar', async () => {
    const { page, close } = await visit(on.at, on.url, 'scene=choose');
    const first = page.getByRole('option').first();
    await first.waitFor();
    expect(await first.getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Space');
    expect(await first.getAttribute('aria-selected')).toBe('false');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    expect(await page.getByRole('option').nth(2).getAttribute('aria-selected')).toBe('false');
    await close();
  });

  it('theme, language and direction are right in the first frame', async () => {
    const { page, close } = await visit(on.at, on.url, 'scene=inbox&theme=dark&lang=ar', {
      locale: 'ar',
    });
    const root = await page.evaluate(() => {
      const { lang, dir, dataset } = document.documentElement;
      return { lang, dir, theme: dataset['theme'] };
    });
    expect(root).toEqual({ lang: 'ar', dir: 'rtl', theme: 'dark' });
    const order = await page.evaluate(
      () =>
        document.head.innerHTML.indexOf('first-paint.js') <
        document.head.innerHTML.indexOf('type="module"'),
    );
    expect(order).toBe(true);
    await close();
  });
});
