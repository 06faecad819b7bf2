import type { SolveInput } from '../../shared/products/input.ts';
import type { SearchPolicy } from '../../shared/products/search.ts';
import { stacks } from '../pages/charts.ts';
import { decimal, percent, sum, whole } from '../pages/format.ts';
import { html, rawMarkup, type Markup } from '../pages/markup.ts';
import { MATHEMATICS_STYLE, typesetterStyle } from '../pages/mathematics/index.ts';
import { pageFrame } from '../pages/style.ts';
import { INK } from '../pages/svg.ts';
import { figure, plainTable } from '../pages/tables.ts';
import { problemSection } from './problemSection.ts';
import { costText, endText, HELD, MEANS, summaryOf, tokensIn, type Solved, type SolvedSet } from './solved.ts';
import { Room } from './texts.ts';

export interface SolvePageInput {
  /** Of the product. */
  readonly name: string;
  /** The results, in their order, as often as they are asked for. */
  readonly results: () => AsyncIterable<Solved>;
  /** Where they lie in the store. */
  readonly uri: string;
  readonly search: SearchPolicy;
  /** What was asked for, and of whom. @default nobody says it */
  readonly asked?: SolveInput | undefined;
  /** What stands before the table of problems, such as curves of a refinement. @default nothing */
  readonly sections?: readonly Markup[] | undefined;
  /** Characters of the problems' sections, all together. @default `ROOM` */
  readonly room?: number | undefined;
}

/**
 * 48 MB (ours): Chromium opens a page of 60 MB in seconds, and a proof of 9,000 characters becomes some 350,000 of HTML.
 */
export const ROOM = 48_000_000;
/** Characters of HTML that one of a text becomes. Measured on the 84 published proofs: 40 in the mean. */
const GROWTH = 45;

/**
 * A set of solved problems as one page, in parts: nothing loaded, no script. Equal inputs give equal bytes. Results are
 * read twice, one in memory at a time.
 */
export async function* solvePage(input: SolvePageInput): AsyncGenerator<string> {
  const { name, results, uri, search, asked, sections = [], room = ROOM } = input;
  const set = await summaryOf(results());
  const { head, foot } = pageFrame(`${name} · solved problems`, typesetterStyle() + MATHEMATICS_STYLE + STYLE);
  yield head;
  yield html`<h1>${name}</h1>
    ${asked === undefined ? null : html`<p class="quiet">${askedText(asked, search)}</p>`} ${tiles(set)}
    ${distribution(set)} ${stepTable(set)} ${sections} ${summaryTable(set)}
    <h2>Problems</h2>
    <p class="quiet">In the order of the file. All of it stands in ${uri}, a line a problem.</p>`.markup;
  const isAmple = set.characters * GROWTH <= room;
  let left = room;
  let line = 0;
  const short = { asSource: 0, cut: 0, leftOut: 0 };
  for await (const solved of results()) {
    // Where there may be too little for all, what a problem does not need of its share is the later ones'.
    const share = new Room(isAmple ? left : left / Math.max(1, set.problems.length - line));
    line += 1;
    const { markup } = await problemSection(solved, { line, uri }, share);
    left -= markup.length;
    short.asSource += share.asSource;
    short.cut += share.cut;
    short.leftOut += share.leftOut;
    yield markup;
  }
  yield leftOut(short, uri).markup + foot;
}

const STYLE = `
.tiles { grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); }
.tile .figure { font-size: 22px; }
details { margin: 8px 0; }
summary { cursor: pointer; }
details.problem { border-top: 1px solid var(--line); margin: 0; padding: 8px 0; }
.solved { padding: 2px 0 14px; }
.solved > details > summary { font-size: 14px; font-weight: 600; margin-top: 14px; }
tbody th a { color: inherit; }
`;

const modelOf = (choice: SolveInput['generator']) => choice && `${choice.model} at ${choice.endpoint}`;

function askedText({ problems, lap, generator, verifier }: SolveInput, search: SearchPolicy): string {
  const writer = modelOf(generator) ?? (lap === undefined ? undefined : `the generator of ${lap}`);
  const judge = modelOf(verifier) ?? (lap === undefined ? writer : `the verifier of ${lap}`);
  const kind = search.kind === 'pool' ? poolText(search) : threadsText(search);
  return `${kind} Problems of ${problems}; proofs by ${writer ?? 'nobody named'}, verdicts by ${judge ?? 'nobody named'}.`;
}

const poolText = ({ proofs, analyses, refined, shown, rounds }: Extract<SearchPolicy, { kind: 'pool' }>): string =>
  `A search: ${proofs} proofs, ${analyses} analyses of each; in each of at most ${rounds} rounds the ${refined} best are ` +
  `refined, shown ${shown} analyses.`;

const threadsText = ({ threads, iterations, verdicts }: Extract<SearchPolicy, { kind: 'sequential' }>): string =>
  `Sequential refinement: ${threads} threads of at most ${iterations} iterations; ${verdicts} verdicts of each proof.`;

const tile = (what: string, value: string, note: string) =>
  html`<div class="tile">
    <div class="what">${what}</div>
    <div class="figure">${value}</div>
    <div class="note">${note}</div>
  </div>`;

function tiles({ problems, ends, spent, isRefined }: SolvedSet): Markup {
  const done = isRefined ? 'claimed' : 'passed';
  const number = ends.find(([end]) => end === done)?.[1] ?? 0;
  const others = ends.filter(([end]) => end !== done).map(([end, count]) => `${count} ${endText(end)}`);
  return html`<div class="tiles">
    ${tile(
      isRefined ? 'Proofs that give themselves 1' : 'Proofs that pass',
      `${whole(number)} of ${whole(problems.length)}`,
      others.join(', '),
    )}
    ${tile('Calls', whole(spent.calls), `${whole(spent.calls / Math.max(1, problems.length))} a problem`)}
    ${tile('Tokens', whole(tokensIn(spent)), `${whole(spent.usage.completionTokens)} of them written`)}
    ${tile('Cost', costText(spent), spent.cost === null ? 'a model has no price' : 'in the currency of the prices')}
  </div>`;
}

function summaryTable({ problems, isRefined, spent }: SolvedSet): Markup {
  return html`<h2>Summary</h2>
    ${plainTable(
      [
        'problem',
        'ended',
        isRefined ? 'self-score' : 'best mean',
        isRefined ? 'iterations' : 'rounds',
        'calls',
        'tokens',
        'cost',
      ],
      problems.map(({ id, end, best, steps, spent: of }, index) => [
        html`<a href="#p${index + 1}">${id}</a>`,
        endText(end),
        decimal(best),
        whole(steps),
        whole(of.calls),
        whole(tokensIn(of)),
        costText(of),
      ]),
      [`${whole(problems.length)} problems`, '', '', '', whole(spent.calls), whole(tokensIn(spent)), costText(spent)],
    )}`;
}

const BINS = {
  means: [INK.bad, INK.quiet, INK.before, INK.between, INK.after],
  held: [INK.quiet, INK.bad, INK.before, INK.after],
};

function distribution({ steps, isRefined }: SolvedSet): Markup | null {
  const totals = steps.map(({ counts }) => sum(counts));
  if (sum(totals) === 0) return null;
  const names: readonly string[] = isRefined ? HELD : MEANS;
  const parts = names.map((name, bin) => ({
    name,
    colour: (isRefined ? BINS.held : BINS.means)[bin] ?? INK.text,
    values: steps.map(({ counts }, step) => (counts[bin] ?? 0) / Math.max(1, totals[step] ?? 0)),
  }));
  const said = steps.map(
    ({ name, counts }) => `${name}: ${counts.map((count, bin) => `${count} ${names[bin]}`).join(', ')}`,
  );
  return html`<h2>${isRefined ? 'Scores that threads give themselves' : 'Scores by round'}</h2>
    ${figure(
      stacks(
        'scores',
        said.join('; '),
        steps.map(({ name }) => name),
        parts,
        (share) => percent(share),
      ),
      isRefined
        ? html`All threads of all problems by the score that they give the proof that they hold after an iteration. No
          truth: what others think of these proofs is another matter.`
        : html`Proofs of each round by the mean of their verdicts, over all problems that came to it. Later rounds have
          the problems that none of the proofs before had passed.`,
    )}`;
}

function stepTable({ steps, isRefined }: SolvedSet): Markup | null {
  if (steps.length === 0) return null;
  const of = (part: number, all: number) => `${whole(part)} of ${whole(all)}`;
  return isRefined
    ? plainTable(
        ['', 'problems', 'answers read'],
        steps.map(({ name, problems, answered, asked }) => [name, whole(problems), of(answered, asked)]),
      )
    : plainTable(
        ['', 'problems', 'proofs read', 'verdicts read', 'passed'],
        steps.map(({ name, problems, answered, asked, verdictsRead, verdictsAsked, passed }) => [
          name,
          whole(problems),
          of(answered, asked),
          of(verdictsRead, verdictsAsked),
          whole(passed),
        ]),
      );
}

function leftOut(
  { asSource, cut, leftOut: out }: Readonly<Record<'asSource' | 'cut' | 'leftOut', number>>,
  uri: string,
): Markup {
  if (asSource + out === 0) return rawMarkup('');
  return html`<h2>Left out</h2>
    <p>
      So that browsers open this page, ${whole(asSource)} texts are shown as their source, ${whole(cut)} of them cut,
      and ${whole(out)} analyses not at all. They stand whole in ${uri}.
    </p>`;
}
