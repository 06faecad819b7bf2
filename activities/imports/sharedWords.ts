import { show } from '../../shared/recipe/issues.ts';

/** Ours: so long a beginning or end that all statements share is an instruction, and no chance. */
const CHARACTERS = 30;
const STATEMENTS = 5;

/** What all texts begin and end with, as they come. */
export class SharedWords {
  #count = 0;
  #start = '';
  #end = '';

  add(text: string): void {
    this.#count += 1;
    if (this.#count === 1) {
      [this.#start, this.#end] = [text, text];
      return;
    }
    const most = Math.min(this.#start.length, text.length);
    let start = 0;
    while (start < most && text[start] === this.#start[start]) start += 1;
    this.#start = this.#start.slice(0, start);
    let end = 0;
    while (end < Math.min(this.#end.length, text.length) && text.at(-1 - end) === this.#end.at(-1 - end)) end += 1;
    this.#end = end === 0 ? '' : this.#end.slice(-end);
  }

  /** An instruction that stands in all of them, a sentence each. */
  get notes(): string[] {
    const told = (where: string, words: string) =>
      this.#count < STATEMENTS || words.trim().length < CHARACTERS
        ? []
        : [
            `all statements ${where} ${show(words.trim())}: where that tells how to answer, it stands beside the ` +
              "prompts' own instructions, and may be against them; take it out",
          ];
    return [...told('begin with', this.#start), ...told('end with', this.#end)];
  }
}
