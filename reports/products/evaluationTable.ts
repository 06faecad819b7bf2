import {
  GENERATOR_FIGURES,
  VERIFIER_FIGURES,
  type EvaluationReport,
  type GridRow,
  type Losses,
  type TruthFacts,
} from '../../shared/products/evaluation.ts';
import { SCORES } from '../../shared/scores.ts';
import type { Spent } from '../../shared/products/caps.ts';
import type { Difference } from '../../shared/statistics/differences.ts';
import type { Figure } from '../../shared/statistics/figure.ts';
import { aligned, decimal, percent, signed, whole, withInterval } from '../pages/format.ts';

/** Rows of the label grid on a terminal; all are in the report. */
const SHOWN = 8;

/** Who graded what, and what the grades became. */
export function truthText({ by, set, scale, proofs, problems, byScore, leftOut }: TruthFacts): string {
  const left = Object.entries(leftOut).map(([why, count]) => `${whole(count)} ${why}`);
  return (
    `the grades of ${by} in ${set}: ${count(proofs, 'proof')} of ${count(problems, 'problem')}, ` +
    `${SCORES.map((score) => `${whole(byScore[`${score}`])} × ${score}`).join(', ')} (${scale}).` +
    (left.length === 0 ? '' : ` Left out: ${left.join(', ')}.`)
  );
}

const count = (number: number, noun: string): string => `${whole(number)} ${noun}${number === 1 ? '' : 's'}`;

export function lossRows({ asked, unparseable, truncated, refused, failed }: Losses): string[] {
  const lost = unparseable + truncated + refused + failed;
  return [...[asked, unparseable, truncated, refused, failed].map(whole), percent(asked === 0 ? null : lost / asked)];
}

export function spentText({ calls, usage, cost }: Spent): string {
  const { promptTokens, completionTokens } = usage;
  return (
    `${whole(calls)} calls, ${whole(promptTokens)} prompt and ${whole(completionTokens)} answer tokens` +
    (cost === null || calls === 0 ? '' : `, cost ${cost.toFixed(2)}`)
  );
}

/** An evaluation as lines for a terminal. */
export function evaluationLines(report: EvaluationReport): string[] {
  return [
    ...(report.subject === 'verifier' ? verifierLines(report) : generatorLines(report)),
    ...(report.notes.length === 0 ? [] : ['', ...report.notes.map((note) => `Note: ${note}.`)]),
  ];
}

function verifierLines({ models, truth, differences, constant }: Extract<EvaluationReport, { subject: 'verifier' }>) {
  const [first] = models;
  const of = (figures: readonly Figure[], difference?: Difference | null): string[] => [
    ...figures.map((figure) => withInterval(figure)),
    ...(differences ? [differenceText(difference)] : []),
  ];
  return [
    `Judged by ${models.map(({ judge }) => judge).join(' and ')}, n = ${first?.n ?? 0}, m = ${first?.m ?? 0}, against ` +
      truthText(truth),
    '',
    ...aligned([
      ['', ...models.map(({ judge }) => judge), ...(differences ? ['difference'] : [])],
      ...(Object.keys(VERIFIER_FIGURES) as (keyof typeof VERIFIER_FIGURES)[]).map((name) => [
        VERIFIER_FIGURES[name].name,
        ...of(
          models.map(({ figures }) => figures[name]),
          differences?.[name],
        ),
      ]),
      [
        'n_eff = n / (1 + (n − 1)ρ)',
        ...of(
          models.map(({ effective }) => effective),
          null,
        ),
      ],
    ]),
    ...(constant === null
      ? []
      : [`${constant.score} to everything would be right of ${decimal(constant.accuracy)} of the proofs.`]),
    ...models.flatMap(({ judge, grid, n, m, losses, spent }) => [
      '',
      `Automatic labels by ${judge}, n = ${n}, m = ${m} (all rows in the report):`,
      ...gridLines(grid.filter((row) => row.n === n && row.m === m)),
      `Lost at the first attempt: ${lossText('analyses', losses.verify)}` +
        (m > 0 ? `; ${lossText('meta-analyses', losses.metaVerify)}` : '') +
        `. ${spentText(spent)}.`,
    ]),
  ];
}

const gridLines = (rows: readonly GridRow[]): string[] =>
  aligned([
    ['rule', 'k', 'precision', 'of 0', 'of 0.5', 'of 1', 'contested', 'unresolved'],
    ...rows
      .slice(0, SHOWN)
      .map(({ rule, k, precision, byLabel, contested, unresolved }) => [
        rule,
        `${k}`,
        ...[precision, byLabel['0'], byLabel['0.5'], byLabel['1']].map((figure) =>
          figure ? `${withInterval(figure)} of ${figure.n}` : '–',
        ),
        withInterval(contested),
        withInterval(unresolved),
      ]),
  ]);

function generatorLines({ models, by, differences }: Extract<EvaluationReport, { subject: 'generator' }>): string[] {
  const names = Object.keys(GENERATOR_FIGURES) as (keyof typeof GENERATOR_FIGURES)[];
  const measured = names.filter((name) => models.some(({ figures }) => figures[name] !== null));
  return [
    by.kind === 'model'
      ? `Judged by ${by.judge}: the majority of ${by.n} analyses of each proof. What the judge thinks is no truth.`
      : `Graded by people: ${truthText(by.truth)}`,
    '',
    ...aligned([
      ['', ...models.map(({ generator }) => generator), ...(differences ? ['difference'] : [])],
      ...measured.map((name) => [
        GENERATOR_FIGURES[name].name,
        ...models.map(({ figures }) => withInterval(figures[name])),
        ...(differences ? [differenceText(differences[name])] : []),
      ]),
    ]),
    ...models.flatMap(({ generator, byTopic, losses, spent }) => [
      '',
      `${generator} by topic:`,
      ...aligned([
        ['topic', 'problems', 'mean score', 'pass@1', 'problems solved'],
        ...byTopic.map(({ topic, problems, figures: { score, passed, solved } }) => [
          topic,
          `${problems}`,
          ...[score, passed, solved].map((figure) => withInterval(figure)),
        ]),
      ]),
      ...(losses
        ? [
            `Lost at the first attempt: ${lossText('proofs', losses.prove)}; ${lossText('analyses', losses.verify)}. ` +
              `${spentText(spent)}.`,
          ]
        : []),
    ]),
  ];
}

const differenceText = (of: Difference | null | undefined): string =>
  of ? `${signed(of)}${of.low > 0 || of.high < 0 ? ' *' : ''}` : '–';

const lossText = (what: string, losses: Losses): string => {
  const lost = losses.unparseable + losses.truncated + losses.refused + losses.failed;
  return `${whole(lost)} of ${whole(losses.asked)} ${what}`;
};
