import type { TestTimeFigures } from '../../shared/figures/testTime.ts';
import { percent, signed, whole } from '../pages/format.ts';
import { html, type Markup } from '../pages/markup.ts';
import { refinementLines, refinementSection } from './refinementSection.ts';
import { searchLines, searchSection } from './searchSection.ts';

const NAMES = { base: 'the base', selfVerification: 'the final generator' } as const;

/** What models did at test time with the lap's verifier; nothing where the recipe asks for none. */
export function testTimeSection(all: readonly TestTimeFigures[] = []): Markup[] {
  return all.map((figures) => {
    const { search, refinement } = figures;
    const named = { id: figures.name, title: titleOf(figures) };
    return html`${search && searchSection(search, named)} ${refinement && refinementSection(refinement, named)}
      <p>${factsOf(figures).join(' ')}</p>`;
  });
}

/** The same as lines for a terminal. */
export function testTimeLines(all: readonly TestTimeFigures[] = []): string[] {
  return all.flatMap((figures) => [
    '',
    titleOf(figures),
    ...(figures.search ? searchLines(figures.search) : []),
    ...(figures.refinement ? refinementLines(figures.refinement) : []),
    ...factsOf(figures),
  ]);
}

const titleOf = ({ model, search }: TestTimeFigures): string =>
  `${search ? 'Search' : 'Sequential refinement'} at test time, ${NAMES[model]}`;

function factsOf(figures: TestTimeFigures): string[] {
  const { search, refinement, gainOverBase, calls, tokens, verdicts, verifier } = figures;
  const { asked, lost } = verdicts;
  const isJudged = search ?? refinement?.judges.some(({ judge }) => judge === 'verifier');
  return [
    ...(search?.gain ? [`Search adds to one proof, in true score: ${signed(search.gain)}.`] : []),
    ...(gainOverBase ? [`That, less what it adds to the base, problem by problem: ${signed(gainOverBase)}.`] : []),
    `It took ${whole(calls)} calls and ${whole(tokens)} tokens.`,
    ...(asked > 0 ? [`Of ${whole(asked)} analyses ${percent(lost / asked)} were lost at the first attempt.`] : []),
    ...(isJudged ? [`The verifier is ${verifier.slice(0, 12)}….`] : []),
  ];
}
