/** How a server applied a chat template, by its count of a prompt's tokens. */
export interface TemplateWord {
  readonly text: string;
  readonly isRight: boolean;
}

/** Servers may count a line's end, or the begin of a text, in another way. Ours. */
const NEAR = 0.02;

/**
 * @param theirs tokens of the prompt, as the server counts them.
 * @param ours of the same chat as the checkpoint's own template writes it.
 * @param bare of its texts alone, without a template.
 */
export function templateWord(theirs: number, ours: number, bare: number): TemplateWord {
  const around = ours - bare;
  const off = theirs - ours;
  const counts = `the prompt has ${theirs} tokens there, ${ours} by the checkpoint's own template`;
  if (off === 0) return { text: `applied once (${ours} tokens)`, isRight: true };
  if (off === 1) return { text: `a token more than once applied, a begin written twice: ${counts}`, isRight: false };
  if (around > 1 && Math.abs(off - around) <= Math.max(2, around * 0.1))
    return { text: `applied twice: ${counts}`, isRight: false };
  if (around > 1 && Math.abs(theirs - bare) <= 2) return { text: `not applied: ${counts}`, isRight: false };
  if (Math.abs(off) <= ours * NEAR)
    return { text: `applied, with ${off > 0 ? '+' : '−'}${Math.abs(off)} tokens: ${counts}`, isRight: true };
  return { text: `another one: ${counts}`, isRight: false };
}
