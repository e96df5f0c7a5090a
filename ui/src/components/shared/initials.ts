// What stands in an avatar without a picture.

/** Up to two letters of a name; nothing for numbers and other names without letters. */
export function initials(name: string): string {
  const parts = name.split(/\s+/).filter((part) => /\p{L}/u.test(part));
  const first = letter(parts[0]);
  const last = parts.length > 1 ? letter(parts.at(-1)) : '';
  // Letters of joined or syllabic scripts do not stand side by side: one is enough.
  return /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]$/u.test(first)
    ? (first + last).toLocaleUpperCase()
    : first;
}

/** One of six tints, the same for the same name. */
export function tint(name: string): number {
  let sum = 0;
  for (const sign of name) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 100_003;
  return (sum % 6) + 1;
}

function letter(part: string | undefined): string {
  return part?.match(/\p{L}/u)?.[0] ?? '';
}
