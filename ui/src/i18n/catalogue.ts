// What a catalogue is: for each key of the English one, a sentence or the forms a number needs.
import type { English } from './en';

export type Key = keyof English;

/** The forms a language needs for a number; `other` always. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };
export type Catalogue = { readonly [K in Key]: English[K] extends string ? string : Forms };
