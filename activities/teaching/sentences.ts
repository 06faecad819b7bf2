/** What begins a title, a key phrase or a box: from there on a text is no longer what it was begun as. */
const MARKS = /##|\\boxed|here\s+is\s+my|based\s+on\s+my/i;
/** The end of a sentence: no point within a number, or after one that begins a line, as a list's do. */
const ENDS = /(?<!(?:^|\n)\s*\d+)[.!?](?=["')\]$]*(?:\s|$))/g;
/** Three words are a sentence at least. Ours. */
const WORDS = /(?:\p{L}+.*?\P{L}){3}/su;

/**
 * What can be used of a text that a base wrote until it was stopped: up to its last whole sentence, before anything
 * that an answer is read by. A first sentence that never ends is cut at its last word and closed. Empty where fewer
 * than three words are left.
 */
export function wholeSentences(text: string): string {
  const mark = text.search(MARKS);
  const own = (mark < 0 ? text : text.slice(0, mark)).trim();
  let end = 0;
  for (const match of own.matchAll(ENDS)) {
    const after = own.slice(match.index + 1);
    end = match.index + 1 + (/^["')\]$]*/.exec(after)?.[0].length ?? 0);
  }
  if (WORDS.test(own.slice(0, end))) return own.slice(0, end);
  const words = mark < 0 ? own.replace(/\s+\S*$/, '') : own;
  const closed = `${words.replace(/[\s,;:(-]+$/, '')}.`;
  return WORDS.test(closed) ? closed : '';
}
