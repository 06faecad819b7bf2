import { draws, type Fault, type StubOptions } from './options.ts';

const FILLER = 'This sentence was made up by a stub and says nothing about any proof. ';

/** An answer in the format that the prompt asks for. */
export function answerTo(prompt: string, seed: number, options: StubOptions, fault: Fault | undefined): string {
  const [issue, kind] = draws(seed, 3);
  const size = fault === 'huge' ? 1_000_000 : options.textBytes;
  const played = options.checkpoint > 0 ? ` Checkpoint ${options.checkpoint}.` : '';
  const filler = `Seed ${seed}.${played} ${FILLER.repeat(Math.ceil(size / FILLER.length))}`.slice(
    0,
    Math.max(size, 16),
  );
  if (fault === 'empty') return '';
  if (fault === 'unparseable') return `${filler} I would rather not say.`;
  if (fault === 'truncated') return filler;
  const box = (value: number): string => `\\boxed{${fault === 'boxOfSeven' ? 7 : value}}`;
  const { issues, refinements } = proofIn(prompt, options);
  const verdict = evaluation(filler, box(score(issue, kind, issues)));
  const proof = `${refinements === undefined ? '' : `Refined ${refinements + 1} times. `}${filler}`;
  // Of the proof that it writes, which is one more refinement of what it was shown.
  const own = evaluation(
    filler,
    box(score(issue, kind, refinements === undefined ? issues : issues * (1 - options.refines))),
  );
  const answers: Record<Format, string> = {
    metaAnalysis:
      `Here is my analysis of the "solution evaluation":\n${filler}\nBased on my analysis, I will rate the ` +
      `"solution evaluation" as:\n${box(quality(issue, kind, options))}`,
    analysis: verdict,
    proof: `## Solution\n${proof}`,
    proofWithAnalysis: `## Solution\n${proof}\n\n## Self Evaluation\n${own}`,
  };
  return answers[formatAsked(prompt)];
}

/**
 * The proof that a prompt quotes, where it matters: the share of analyses that report an issue of it, and how often it
 * was refined.
 */
function proofIn(prompt: string, { issues, differ, refines }: StubOptions): { issues: number; refinements?: number } {
  if (differ === 0 && refines === 0) return { issues };
  const [, mark, proof] = /<proof id="(\w+)">\n([^]*?)\n<\/proof id="\1">/.exec(prompt) ?? [];
  if (mark === undefined || proof === undefined) return { issues };
  const refinements = Number(/^Refined (\d+) times/.exec(proof)?.[1] ?? 0);
  const [place] = draws(Number.parseInt(mark.slice(0, 8), 16), 5);
  return { issues: issues * (1 + differ * (2 * place - 1)) * (1 - refines) ** refinements, refinements };
}

type Format = 'metaAnalysis' | 'analysis' | 'proof' | 'proofWithAnalysis';

/** By the instructions alone: what they quote (`# Material`) may name other formats. */
function formatAsked(prompt: string): Format {
  const [instructions = ''] = prompt.split(/^# (?:Material|Problem)$/m);
  if (/my analysis of the "solution evaluation"/i.test(instructions)) return 'metaAnalysis';
  if (/## Self Evaluation/.test(instructions)) return 'proofWithAnalysis';
  if (/## Solution/.test(instructions)) return 'proof';
  return /my evaluation of the solution/i.test(instructions) ? 'analysis' : 'proofWithAnalysis';
}

function evaluation(filler: string, box: string): string {
  return (
    `Here is my evaluation of the solution:\n${filler}\nBased on my evaluation, the final overall score should ` +
    `be:\n${box}`
  );
}

function score(issue: number, kind: number, issues: number): number {
  return issue >= issues ? 1 : kind < 0.6 ? 0 : 0.5;
}

/** What confirms does so fully; of what does not, a third finds some of the defects real. */
function quality(issue: number, kind: number, { confirms }: StubOptions): number {
  return issue < confirms ? 1 : kind < 1 / 3 ? 0.5 : 0;
}
