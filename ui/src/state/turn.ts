// What came before what, where two things are under way at once: a read that began before a change
// was made here knows nothing of it.
let last = 0;

/** The next number; each is greater than all before. */
export function turn(): number {
  last += 1;
  return last;
}
