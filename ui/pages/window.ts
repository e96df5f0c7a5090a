// A page of the built window in a real browser, in one scene and one look.
import { chromium, type Browser, type Page } from 'playwright-core';
import { existsSync } from 'node:fs';
import axe from 'axe-core';

export interface Look {
  readonly name: string;
  readonly ask: string;
  readonly locale: string;
}

export const looks: readonly Look[] = [
  { name: 'light', ask: 'theme=light', locale: 'en-GB' },
  { name: 'dark', ask: 'theme=dark', locale: 'en-GB' },
  { name: 'Arabic', ask: 'lang=ar', locale: 'ar' },
];

export async function browser(): Promise<Browser> {
  const known = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const executablePath = process.env['CHROMIUM'] ?? known.find((path) => existsSync(path));
  return chromium.launch({ args: ['--no-sandbox'], ...(executablePath ? { executablePath } : {}) });
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const desk: Size = { width: 1440, height: 900 };

export interface Visited {
  readonly page: Page;
  /** What the page complains of: errors, and whatever the content policy forbids. */
  readonly complaints: string[];
  /** Opens a scene anew and waits for its heading. */
  go(ask: string): Promise<void>;
  close(): Promise<void>;
}

/** A page of one size and locale; scenes are opened in it one after the other. */
export async function visitor(
  at: Browser,
  url: string,
  { size = desk, locale = 'en-GB' }: { size?: Size; locale?: string } = {},
): Promise<Visited> {
  const context = await at.newContext({
    viewport: size,
    locale,
    timezoneId: 'Europe/London',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (thrown) => complaints.push(thrown.message));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.includes('404')) complaints.push(text);
  });
  return {
    page,
    complaints,
    async go(ask) {
      complaints.length = 0;
      await page.goto(`${url}?${ask}`);
      await page.locator('h1').first().waitFor();
    },
    close: () => context.close(),
  };
}

/** The same for one scene only. */
export async function visit(
  at: Browser,
  url: string,
  ask: string,
  how: { size?: Size; locale?: string } = {},
): Promise<Visited> {
  const visited = await visitor(at, url, how);
  await visited.go(ask);
  return visited;
}

/** What axe finds, each with the places it means. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe: run } = window as unknown as { axe: typeof import('axe-core') };
    const found = await run.run(document, { resultTypes: ['violations'] });
    return found.violations.map(
      (one) =>
        `${one.id}: ${one.nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join('; ')}`,
    );
  });
}

/** Parts that reach over the edge of the window, where nothing scrolls to them. */
export async function overflows(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const over: string[] = [];
    if (document.documentElement.scrollWidth > innerWidth) over.push('the page scrolls sideways');
    for (const part of document.querySelectorAll(
      'button, input, textarea, select, h1, h2, h3, p, li, dd, [role=option]',
    )) {
      if (part.closest('.hidden-text, [aria-hidden=true], .truncate')) continue;
      const box = part.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      if (box.right > innerWidth + 1 || box.left < -1)
        over.push(
          `${part.tagName} "${(part.textContent ?? '').trim().slice(0, 40)}" ${box.left}–${box.right}`,
        );
      // Words that were cut off by their own box, without an ellipsis.
      const style = getComputedStyle(part);
      if (
        part.scrollWidth > part.clientWidth + 2 &&
        style.overflowX === 'visible' &&
        style.display !== 'inline'
      )
        over.push(`${part.tagName} spills "${(part.textContent ?? '').trim().slice(0, 40)}"`);
    }
    return over;
  });
}
