import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { ar } from '../src/i18n/ar';
import { en } from '../src/i18n/en';
import { reasons } from '../src/i18n/failure';
import { t, words } from '../src/i18n/words.svelte';

beforeEach(() => {
  words.tongue = 'en';
});

/** Every sentence of a catalogue, with the key it belongs to. */
function sentences(catalogue: object): [string, string][] {
  return Object.entries(catalogue).flatMap(([key, value]: [string, string | object]) =>
    typeof value === 'string'
      ? [[key, value] as [string, string]]
      : Object.values(value).map((form: string) => [key, form] as [string, string]),
  );
}

const placesOf = (sentence: string): string[] =>
  [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();

describe('the catalogues', () => {
  it('put the same things into each sentence', () => {
    const english = new Map(
      Object.entries(en).map(([key, value]) => [
        key,
        new Set(sentences({ [key]: value }).flatMap(([, one]) => placesOf(one))),
      ]),
    );
    for (const [key, sentence] of sentences(ar))
      for (const place of placesOf(sentence))
        expect(english.get(key), `${key}: ${place}`).toContain(place);
  });

  it('speak Arabic in Arabic letters', () => {
    const kept = ['settings.version', 'time.dayStamp', 'time.todayAt'];
    for (const [key, sentence] of sentences(ar))
      if (!kept.includes(key)) expect(sentence, key).toMatch(/[\u0600-\u06ff]/);
  });

  it('give Arabic numbers all the forms that Arabic has', () => {
    const rules = new Intl.PluralRules('ar');
    for (const [key, value] of Object.entries(ar)) {
      if (typeof value === 'string' || Object.keys(value).length === 1) continue;
      for (const n of [1, 2, 3, 11, 100])
        expect(value, `${key}, ${n}`).toHaveProperty(rules.select(n));
    }
  });

  it('say nothing a shop owner would not say', () => {
    const never = /\b(agent|ticket|webhook|inbox id|oops|please|token|error)\b|!/i;
    for (const [key, sentence] of sentences(en)) expect(sentence, key).not.toMatch(never);
  });

  it('promise of the relay what is so: it seals what passes, and cannot read what it keeps', () => {
    const about = '../src-tauri/linux/app.shopbell.desktop.metainfo.xml';
    for (const text of [en['first.step1Text'], en['relay.lead'], readFileSync(about, 'utf8')])
      expect(text).toMatch(/seals each message.* can read none of what it keeps\./);
    for (const text of [ar['first.step1Text'], ar['relay.lead']])
      expect(text).toMatch(/يختم كل رسالة.*مما يحفظه\./);
  });

  it('have a sentence for each reason a message was not sent', () => {
    const known = Object.keys(en)
      .filter((key) => key.startsWith('failure.'))
      .map((key) => key.slice('failure.'.length))
      .filter((reason) => reason !== 'unknown');
    expect(reasons.toSorted()).toEqual(known.toSorted());
    expect(reasons).toHaveLength(15);
  });
});

describe('a sentence', () => {
  it('takes the form of its number', () => {
    expect(t('list.notSentCount', { n: 1 })).toBe('1 not sent');
    expect(t('span.days', { n: 1 })).toBe('1 day');
    expect(t('span.days', { n: 6 })).toBe('6 days');
    words.tongue = 'ar';
    expect(t('span.days', { n: 2 })).toBe('يومان');
    expect(t('span.days', { n: 6 })).toBe('6 أيام');
    expect(t('span.days', { n: 11 })).toBe('11 يومًا');
  });

  it('counts on a receipt what the relay erased, and does not say of it that it waited', () => {
    expect(t('wipe.relayErased', { n: 1 })).toBe('1 erased');
    expect(t('wipe.receiptRelay')).not.toMatch(/wait/i);
    words.tongue = 'ar';
    expect([1, 2, 3, 11, 100].map((n) => t('wipe.relayErased', { n }))).toEqual([
      'نسخة واحدة مُحيت',
      'نسختان مُحيتا',
      '3 نسخ مُحيت',
      '11 نسخة مُحيت',
      '100 نسخة مُحيت',
    ]);
    expect(t('wipe.receiptRelay')).not.toContain('ينتظر');
  });

  it('marks what is strong and what was put in', () => {
    const pieces = words.pieces('wipe.lead', { name: 'Fern & Ribbon' });
    expect(pieces[0]).toEqual({ text: 'Fern & Ribbon', kind: 'strongGiven' });
    expect(pieces[1]?.kind).toBe('words');
  });

  it('does not read what was put in as markup', () => {
    expect(words.pieces('thread.arrived', { name: '*{name}* <b>' }).at(-1)).toEqual({
      text: '*{name}* <b>',
      kind: 'given',
    });
  });
});
