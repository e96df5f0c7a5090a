// What somebody wrote, made so that WebKitGTK draws it on its line. There a whole word is lifted when
// the sign drawn last stands above or below a letter, as a final vowel does. A sign of no width
// behind it is then the last one. It changes nothing else: not how letters join, as it stands only
// where a word ends.
const FINAL =
  /([\u064b-\u065f\u0670]|\u0644[\u064b-\u0652]+[\u0622\u0623\u0625\u0627\u0649])(?![\u0610-\u061a\u0620-\u06ff\u200c])/g;

/** The same text to be shown, never to be kept or compared. */
export function level(text: string): string {
  return text.replace(FINAL, '$1\u200c');
}
