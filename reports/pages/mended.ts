import type { MendedFigures } from '../../shared/figures/work.ts';
import { readable, whole } from './format.ts';
import { html, type Markup } from './markup.ts';

/** What a lap that mends another took over, in a sentence. */
export function mendedText({ laps: [first, ...before], calls, verdicts, trainings }: MendedFigures): string {
  const names = (what: string, stages: readonly string[]) =>
    stages.length > 0 ? [`${what} ${stages.map(readable).join(', ')}`] : [];
  const parts = [
    `${whole(calls.taken)} of ${whole(calls.of)} calls`,
    `${whole(verdicts.taken)} of ${whole(verdicts.of)} verdicts of experts`,
    ...names('the trainings', trainings.taken),
    ...names('the states of', trainings.resumed),
  ];
  const donors = `${first}${before.length > 0 ? `, which mended ${before.join(', ')}` : ''}`;
  return `Mended ${donors}: took over ${parts.join('; ')}`;
}

export function mendedSection(mended: MendedFigures | undefined): Markup | null {
  return mended === undefined ? null : html`<p>${mendedText(mended)}. Figures of use and cost are without these.</p>`;
}
