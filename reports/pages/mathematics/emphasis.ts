import type { MarkdownIt } from 'markdown-it';
import { MARKS } from './draft.ts';

/** Letters and punctuation of Chinese, Japanese and Korean, which set no spaces around emphasis; and formulas. */
const UNSPACED = new RegExp(
  `[\\u1100-\\u11ff\\u2e80-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\ufe30-\\ufe4f\\uff00-\\uffef${MARKS}]`,
);
const SPACE = /^\s?$/;

/**
 * Lets stars beside such signs open and close emphasis wherever no space is on their inner side. In CommonMark the
 * second pair of `**证明。**设` and of `**Case 1:**$n=1$` closes nothing, since punctuation stands before it and a letter
 * behind it.
 */
export function allowUnspacedEmphasis(parser: MarkdownIt): void {
  parser.inline.State = class extends parser.inline.State {
    override scanDelims(start: number, canSplitWord: boolean) {
      const scanned = super.scanDelims(start, canSplitWord);
      const [before, after] = [this.src.charAt(start - 1), this.src.charAt(start + scanned.length)];
      if (this.src.charAt(start) !== '*' || !UNSPACED.test(before + after)) return scanned;
      return { ...scanned, can_open: !SPACE.test(after), can_close: !SPACE.test(before) };
    }
  };
}
