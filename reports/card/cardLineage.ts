import { lapOf } from '../../shared/ids.ts';
import { decimal, sum, whole } from '../pages/format.ts';
import type { Ancestor } from './ancestry.ts';
import type { CardFacts, DataCounts } from './cardFacts.ts';
import { code, oneLine, table } from './markdown.ts';

/** Where a model comes from: base, trainings and laps, with their digests, and what was learned from. */
export function lineageLines({ ancestry: { ancestors, lineage, broken }, data }: CardFacts): string[] {
  return [
    '## Lineage',
    '',
    'From the base to this model; each began where the one above ended.',
    '',
    ...table(['training', 'checkpoint', 'steps', 'reward', 'rows'], ancestors.toReversed().map(stepCells)),
    '',
    ...(lineage === null
      ? [`The rest could not be walked, so that what it learned from is not told. ${oneLine(broken ?? '')}.`]
      : [
          ...walkedLines(lineage),
          '',
          'What it, and the models that rewarded it, learned from, by who gave the scores; of problems, where they are',
          'from:',
          '',
          ...table(['', 'rows', 'of these'], data.map(dataCells)),
        ]),
    '',
  ];
}

const stepCells = ({ by, hub, checkpoint, steps, reward, trainedOn }: Ancestor): string[] => [
  steps === undefined ? `base${hub === undefined ? '' : `, ${hub}`}` : (by ?? ''),
  code(checkpoint.sha256),
  steps === undefined ? '' : whole(steps),
  reward === undefined ? '' : `${decimal(reward.first)} → ${decimal(reward.last)}`,
  trainedOn.map(({ rows }) => (rows === undefined ? '?' : whole(rows))).join(' + '),
];

function walkedLines({ chain, nodes, firstScore }: NonNullable<CardFacts['ancestry']['lineage']>): string[] {
  const laps = chain.map(({ uri, sha256 }) => `${lapOf(uri)} (manifest ${code(sha256)})`);
  const checked = sum(nodes.map(({ verified }) => verified.length));
  return [
    `Laps: ${laps.join(' ← ')}.`,
    `${whole(nodes.length)} artifacts were walked, and ${whole(checked)} digests checked.`,
    firstScore === null
      ? 'No score of a person is in it.'
      : `The first score in it was given by ${firstScore.source === 'program' ? SOURCES['program'] : 'an expert'}.`,
  ];
}

const SOURCES: Readonly<Record<string, string>> = {
  expert: 'experts',
  program: "a program in experts' place",
  auto: 'automatic labels',
  given: 'brought by the team',
};
/** Sources of problems that are named. */
const NAMED = 6;

function dataCells({ name, rows, by }: DataCounts): string[] {
  const sorted = Object.entries(by).toSorted(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, NAMED).map(([source, count]) => `${SOURCES[source] ?? source}: ${whole(count)}`);
  const more = sorted.length > NAMED ? [`${sorted.length - NAMED} other sources`] : [];
  return [name, whole(rows), [...shown, ...more].join('; ')];
}
