// What the Arabic window needs beside its words: letters that stand on one line in WebKitGTK, and
// an empty field that begins at the right edge.
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ar } from '../src/i18n/ar';
import { level } from '../src/i18n/level';

const all = JSON.stringify(ar);

/** Words that end in a sign above or below a letter: WebKitGTK lifts the whole word by it. */
function lifted(text: string): string[] {
  return (
    text.match(
      /[\u0621-\u0652]*(?:[\u064b-\u0652]+|\u0644[\u064b-\u0652]+[\u0627\u0649])(?![\u0621-\u0652])/g,
    ) ?? []
  );
}

function sources(folder = resolve('src')): [string, string][] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(svelte|ts)$/.test(path)
      ? [[path, readFileSync(path, 'utf8')] as [string, string]]
      : [];
  });
}

describe('Arabic words', () => {
  it('end in no sign that lifts them', () => {
    expect(lifted(all)).toEqual([]);
    // The control.
    expect(lifted('بلا ردّ، أهلًا. مرحبًا مؤكَّدة')).toEqual(['ردّ', 'أهلًا']);
  });
});

describe('what customers write', () => {
  it('is lifted by no last sign, and is otherwise as it was written', () => {
    for (const said of ['شكراً', 'شكراً.', 'أهلًا! مرحباً، كيف الحال', 'ردّ', 'مُنَاقَشَةُ سُبُلِ']) {
      expect(lifted(said), 'the control').not.toEqual([]);
      expect(lifted(level(said).replaceAll('\u200c', 'د'))).toEqual([]);
      expect(level(said).replaceAll('\u200c', '')).toBe(said);
      expect(level(level(said))).toBe(level(said));
    }
    for (const said of ['مرحبًا', 'Olá', '田中 美咲', 'می\u200cخواهم', ''])
      expect(level(said)).toBe(said);
  });
});

describe('Arabic letters', () => {
  const faces = readFileSync('src/styles/arabic.css', 'utf8').match(/@font-face \{[^}]+\}/g) ?? [];

  it('are one file for each weight, of a family whose dots are part of the letter', () => {
    const weights = faces.map((face) => /font-weight: ([^;]+);/.exec(face)?.[1]);
    expect(weights).toEqual(['400', '500', '600', '700']);
    for (const face of faces) expect(face).toContain("font-family: 'Vazirmatn'");
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(dependencies).filter((name) => name.includes('noto'))).toEqual([]);
  });

  it('come before any letters the computer has of its own', () => {
    const [, families] =
      /--font-ui: ([^;]+);/.exec(readFileSync('src/styles/tokens.css', 'utf8')) ?? [];
    const order = families?.split(',').map((one) => one.trim().replaceAll("'", '')) ?? [];
    expect(order.indexOf('Vazirmatn')).toBeGreaterThan(order.indexOf('Inter Variable'));
    expect(order.indexOf('Vazirmatn')).toBeLessThan(order.indexOf('system-ui'));
  });
});

describe('the parts', () => {
  it('put no Latin comma between things, and turn no empty field around', () => {
    for (const [path, text] of sources()) {
      if (/i18n.(en|ar)\.ts$|backend/.test(path)) continue;
      expect(text, path).not.toMatch(/\.join\(', '\)|\}, <bdi|\}, \{t\(|\},&#32;/);
      for (const field of text.match(/<(input|textarea)\b[^]*?\/?>/g) ?? [])
        expect(field, path).not.toMatch(/dir="auto"/);
    }
  });
});
