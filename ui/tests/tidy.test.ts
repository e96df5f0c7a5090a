import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve('src');

function files(folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

const sources = new Map(
  files()
    .filter((path) => /\.(ts|svelte)$/.test(path))
    .map((path) => [relative(root, path), readFileSync(path, 'utf8')]),
);

/** What a file imports for real: types alone make no cycle. */
function imports(path: string, text: string): string[] {
  return [...text.matchAll(/^\s*import (?!type)[^;]*?from '(\.[^']+)'/gm)]
    .map((found) => relative(root, resolve(root, dirname(path), found[1] ?? '')))
    .map((target) => [target, `${target}.ts`].find((one) => sources.has(one)) ?? target);
}

function cycle(graph: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const walk = (at: string, path: string[]): string[] | undefined => {
    if (path.includes(at)) return [...path.slice(path.indexOf(at)), at];
    if (done.has(at)) return undefined;
    for (const next of graph.get(at) ?? []) {
      const found = walk(next, [...path, at]);
      if (found) return found;
    }
    done.add(at);
    return undefined;
  };
  for (const start of graph.keys()) {
    const found = walk(start, []);
    if (found) return found;
  }
  return undefined;
}

it('has no circle of imports', () => {
  const graph = new Map([...sources].map(([path, text]) => [path, imports(path, text)]));
  expect(cycle(graph)).toBeUndefined();
  expect(graph.get('App.svelte')?.length).toBeGreaterThan(5);
  expect(
    cycle(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ]),
    ),
  ).toEqual(['a', 'b', 'c', 'a']);
});

it('reaches the shell in one place only', () => {
  const doors = [...sources].filter(([, text]) => text.includes('@tauri-apps/'));
  const allowed = ['backend/bindings.ts', 'backend/tauri.ts'];
  expect(doors.map(([path]) => path).filter((path) => !allowed.includes(path))).toEqual([]);
});

it('draws remote words as words, and no style the content policy forbids', () => {
  for (const [path, text] of sources) {
    expect(text, path).not.toMatch(/\{@html|innerHTML|insertAdjacentHTML|document\.write/);
    expect(text, path).not.toMatch(/\sstyle="/);
  }
});

it('keeps every colour in the tokens', () => {
  for (const [path, text] of sources)
    if (path.endsWith('.svelte')) {
      const style = text.slice(text.lastIndexOf('<style>'));
      expect(style, path).not.toMatch(/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(|oklch\(/i);
    }
});

it('draws letters closer only where they are large', () => {
  const rules = [...sources].flatMap(([path, text]) =>
    [...text.matchAll(/\{([^{}]*)\}/g)]
      .map((found) => found[1] ?? '')
      .filter((rule) => /letter-spacing:(?! 0;| inherit;| var\(--track-caps\))/.test(rule))
      .map((rule) => ({ path, size: /font-size: var\(--text-(\w+)\)/.exec(rule)?.[1] })),
  );
  expect(rules.length).toBeGreaterThan(2);
  expect(rules.filter(({ size }) => size !== '2xl' && size !== '3xl')).toEqual([]);
});

it('uses logical directions, so that right-to-left is free', () => {
  for (const [path, text] of sources)
    if (path.endsWith('.svelte')) {
      const style = text.slice(text.lastIndexOf('<style>'));
      expect(style, path).not.toMatch(
        /(margin|padding|border|inset)-(left|right)|^\s*(left|right):/m,
      );
    }
});

it('shows nothing in words that are not in the catalogue', () => {
  for (const [path, text] of sources) {
    if (!path.endsWith('.svelte')) continue;
    const markup = text.replace(
      /<script[\s\S]*?<\/script>|<style[\s\S]*?<\/style>|<!--[\s\S]*?-->/g,
      '',
    );
    const words = markup
      .replace(/\{[^{}]*(\{[^{}]*(\{[^{}]*\}[^{}]*)*\}[^{}]*)*\}/g, '')
      .replace(/<[^>]*>/g, '')
      .replace(/&[#\w]+;/g, '');
    expect(
      words.match(/[a-z]{3,}/gi)?.filter((word) => !['Esc'].includes(word)) ?? [],
      path,
    ).toEqual([]);
  }
});
