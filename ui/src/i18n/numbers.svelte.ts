// Telephone numbers, spaced as people of their country write them. The rules of all countries are a
// third of the window's script, so they come with the first number and not with the window.
type Rules = typeof import('libphonenumber-js/min');

let rules = $state.raw<Rules>();
let coming: Promise<void> | undefined;

async function fetchRules(): Promise<void> {
  rules = await import('libphonenumber-js/min');
}

const isNumber = (text: string): boolean => /^\+\d{6,15}$/.test(text);

/** Waits for the rules, if one of these is a number. */
export async function rulesFor(texts: readonly string[]): Promise<void> {
  if (texts.some(isNumber)) await (coming ??= fetchRules());
}

/** `+819012345601` as `+81 90 1234 5601`. What is spaced already, or no number at all, stays so; a
    number does until the rules are there. */
export function numberText(text: string): string {
  if (!isNumber(text)) return text;
  if (!rules) {
    void rulesFor([text]);
    return text;
  }
  const parsed = rules.parsePhoneNumberFromString(text);
  return parsed?.isPossible() ? parsed.formatInternational() : text;
}
