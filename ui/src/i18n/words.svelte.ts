// Every visible word comes through here. Keys and their placeholders are typed by the English
// catalogue: a missing key, a forgotten placeholder or a missing plural form does not compile.
import { ar } from './ar';
import type { Catalogue, Forms, Key } from './catalogue';
import { en, type English } from './en';

export type { Key } from './catalogue';

export type Tongue = 'en' | 'ar';

type Places<Text> = Text extends `${string}{${infer Place}}${infer Rest}`
  ? Place | Places<Rest>
  : never;
type PlacesOf<K extends Key> = English[K] extends string
  ? Places<English[K]>
  : 'n' | Places<English[K][keyof English[K]]>;

/** What a key wants to be given: nothing, or a value for each of its places. */
export type Given<K extends Key> = [PlacesOf<K>] extends [never]
  ? []
  : [given: { [Place in PlacesOf<K>]: string | number }];

/** The same as a property of a component. */
export type With<K extends Key> =
  Given<K> extends [] ? { with?: undefined } : { with: Given<K>[0] };

const catalogues: Record<Tongue, Catalogue> = { en, ar };

/** A piece of a sentence: plain words, or something put in, which keeps its own direction. */
export interface Piece {
  readonly text: string;
  readonly kind: 'words' | 'strong' | 'given' | 'strongGiven';
}

class Words {
  /** At first the one the page was opened in. */
  tongue = $state<Tongue>(document.documentElement.lang === 'ar' ? 'ar' : 'en');
  readonly locale = $derived(localeOf(this.tongue));
  readonly direction = $derived(this.tongue === 'ar' ? 'rtl' : 'ltr');
  readonly #numbers = $derived(new Intl.NumberFormat(this.locale));
  readonly #rules = $derived(new Intl.PluralRules(this.locale));

  number(value: number): string {
    return this.#numbers.format(value);
  }

  /** The sentence of a key as plain text; for labels and places where no markup can stand. */
  text<K extends Key>(key: K, ...given: Given<K>): string {
    return this.anyText(key, given[0]);
  }

  /** The same where the key is not known before. */
  anyText(key: Key, values: Record<string, string | number> = {}): string {
    return this.anyPieces(key, values)
      .map(({ kind, text }) => (kind === 'words' || kind === 'strong' ? text : this.#inLine(text)))
      .join('');
  }

  /** A phone number has no direction of its own: among Arabic words it would be turned around. */
  #inLine(text: string): string {
    return this.direction === 'rtl' && /^\+[\d ]+$/.test(text) ? `\u2066${text}\u2069` : text;
  }

  /** The same sentence in pieces: `*…*` is strong, and what was given is marked as such. */
  pieces<K extends Key>(key: K, ...[given]: Given<K>): Piece[] {
    return this.anyPieces(key, given);
  }

  /** For components that take the places as a property. */
  anyPieces(key: Key, values: Record<string, string | number> = {}): Piece[] {
    const pieces: Piece[] = [];
    let strong = false;
    for (const part of this.#sentence(key, values).split(/(\*|\{\w+\})/)) {
      if (part === '*') strong = !strong;
      else if (part.startsWith('{')) {
        const value = values[part.slice(1, -1)] ?? '';
        const text = typeof value === 'number' ? this.number(value) : value;
        pieces.push({ text, kind: strong ? 'strongGiven' : 'given' });
      } else if (part) pieces.push({ text: part, kind: strong ? 'strong' : 'words' });
    }
    return pieces;
  }

  #sentence(key: Key, values: Record<string, string | number>): string {
    const found: string | Forms = catalogues[this.tongue][key];
    if (typeof found === 'string') return found;
    return found[this.#rules.select(Number(values['n']))] ?? found.other;
  }
}

/** The computer's own region where it speaks the chosen language, and one kind of digits. Where no
    region says how the hours of a day are counted, to twenty-four. */
function localeOf(tongue: Tongue): string {
  const own = navigator.languages.find((tag) => tag.toLowerCase().startsWith(tongue));
  if (tongue === 'ar') return own ? `${own}-u-nu-latn` : 'ar-u-hc-h23-nu-latn';
  return own ?? 'en-GB';
}

export const words = new Words();

/** Things named one after the other, with the comma of the language. */
export function listed(...things: readonly string[]): string {
  return things.join(t('common.comma'));
}

/** Short for `words.text`. */
export function t<K extends Key>(key: K, ...given: Given<K>): string {
  return words.text(key, ...given);
}
