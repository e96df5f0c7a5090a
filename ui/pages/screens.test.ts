import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { screens } from './scenes';
import { stage } from './stage';
import { looks, overflows, violations, visit, visitor, type Visited } from './window';

const on = stage();

describe.each(looks)('in $name', (look) => {
  let visited: Visited;
  beforeAll(async () => {
    visited = await visitor(on.at, on.url, look);
  });
  afterAll(() => visited.close());

  it.each(screens)('axe finds nothing: $name', async (screen) => {
    await visited.go(`scene=${screen.scene}&${look.ask}`);
    await screen.go?.(visited.page);
    expect(await violations(visited.page)).toEqual([]);
    expect(visited.complaints).toEqual([]);
    expect(await overflows(visited.page)).toEqual([]);
  });
});

const tight = [
  { name: '320 px wide', ask: '', size: { width: 320, height: 640 } },
  { name: '320 px wide, Arabic', ask: '&lang=ar', size: { width: 320, height: 640 } },
  { name: '200 % text', ask: '&size=200', size: { width: 1440, height: 900 } },
];

describe.each(tight)('$name', ({ ask, size }) => {
  let visited: Visited;
  beforeAll(async () => {
    visited = await visitor(on.at, on.url, { size });
  });
  afterAll(() => visited.close());

  it.each(screens)('nothing is lost: $name', async (screen) => {
    await visited.go(`scene=${screen.scene}${ask}`);
    await screen.go?.(visited.page);
    expect(await overflows(visited.page)).toEqual([]);
    expect(visited.complaints).toEqual([]);
  });
});

describe('the checks themselves', () => {
  it('find a list without a name and words without contrast', async () => {
    const { page, close } = await visit(on.at, on.url, 'scene=inbox');
    await page.locator('[role=option]').first().waitFor();
    await page.evaluate(() => {
      document.querySelector('[role=listbox]')?.removeAttribute('aria-label');
      document.querySelector<HTMLElement>('h1')?.style.setProperty('color', 'lightgrey');
    });
    const found = (await violations(page)).map((one) => one.split(':')[0]);
    expect(found).toContain('aria-input-field-name');
    expect(found).toContain('color-contrast');
    await close();
  });

  it('find a button that hangs over the edge', async () => {
    const { page, close } = await visit(on.at, on.url, 'scene=inbox');
    await page.evaluate(() => {
      const button = document.createElement('button');
      button.textContent = 'Over the edge';
      button.style.setProperty('position', 'fixed');
      button.style.setProperty('inset-inline-end', '-3rem');
      document.body.append(button);
    });
    expect((await overflows(page)).some((one) => one.includes('Over the edge'))).toBe(true);
    await close();
  });

  it('see that the content policy is in force', async () => {
    const { page, complaints, close } = await visit(on.at, on.url, 'scene=inbox');
    const reached = await page.evaluate(() =>
      fetch('https://example.com/').then(
        () => true,
        () => false,
      ),
    );
    expect(reached).toBe(false);
    await page.evaluate(() => document.body.setAttribute('style', 'color: red'));
    expect(complaints.some((one) => one.includes('Content Security Policy'))).toBe(true);
    await close();
  });
});
