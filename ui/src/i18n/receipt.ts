// The few lines of a receipt that tell it from another, cut out of its signed text.

/** What a line is: the deletion's id, Meta's code for it, or who signed. */
export type ShortKind = 'deletion' | 'code' | 'device' | 'wipe' | 'relay';

export interface ShortLine {
  readonly kind: ShortKind;
  readonly value: string;
}

/** In the order they stand there: at most one of each. The whole text is for whoever checks it. */
export function shortLines(text: string): ShortLine[] {
  const found = new Map<ShortKind, string>();
  for (const line of text.split('\n')) {
    const said = /^(?:(\w+) (\S+)|— (\w+)\/\S+ (\S+))$/.exec(line.trim());
    const [kind, value] = [said?.[1] ?? said?.[3], said?.[2] ?? said?.[4]];
    if (!value || value === 'none') continue;
    const named = said?.[1]
      ? (['deletion', 'code'] as const)
      : (['device', 'wipe', 'relay'] as const);
    const known = named.find((one) => one === kind);
    if (known && !found.has(known)) found.set(known, said?.[1] ? grouped(value) : cut(value));
  }
  return [...found].map(([kind, value]) => ({ kind, value }));
}

/** `bf3c eed8 … cb45`. What is short is shown whole, such as the code Meta was given. */
function grouped(value: string): string {
  if (value.length <= 24) return value;
  return `${value.slice(0, 4)} ${value.slice(4, 8)} … ${value.slice(-4)}`;
}

/** `ed25519 DMk7…zQI=` */
function cut(signature: string): string {
  return `ed25519 ${signature.slice(0, 4)}…${signature.slice(-4)}`;
}
