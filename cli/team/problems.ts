import type { Command } from 'commander';
import { readProblemFiles } from '../../activities/imports/problems.ts';
import { knownLaps } from '../../activities/laps/laps.ts';
import { fullLapName, placeOf, uri } from '../../shared/ids.ts';
import { checkedProblem, objectIn } from '../../shared/lap/problemFile.ts';
import { USUAL_RULE } from '../../shared/problems/alike.ts';
import { alikeCounts, alikeText, type AlikePair } from '../../shared/problems/held.ts';
import type { Problem } from '../../shared/records.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';
import { nearEqualAmong, nearEqualLines } from './nearEqual.ts';

interface PairOptions {
  readonly similarity?: string;
  readonly ignoreNumbers?: boolean;
  readonly json?: boolean;
}

/** `flywheel problems pairs`: which statements are one problem. Reads only. */
export function registerProblems(program: Command): void {
  program
    .command('problems')
    .summary('problems of a file or a lap')
    .command('pairs')
    .summary('near-equal statements, pair by pair')
    .description(
      'Lists the pairs of statements that are one problem: equal but for notation, letters and number in a list, or ' +
        'similar, with\nthe same numbers. Of a file, also what laps of the store hold out; of a lap, the pairs by ' +
        'which its problems were split\nand left out.',
    )
    .argument('<of>', 'a file of problems, here or in the store, or a lap such as main/lap-0001')
    .option('--similarity <share>', `of a file: from which similarity on (default: ${USUAL_RULE.similarity})`)
    .option('--ignore-numbers', 'of a file: pairs that differ in their numbers alone, too')
    .option('--json', 'print one JSON object')
    .action(listPairs);
}

async function listPairs(of: string, options: PairOptions): Promise<void> {
  const lap = (await knownLaps(store)).find((known) => known.lap === fullLapName(of))?.lap;
  const found = lap === undefined ? await ofFile(of, options) : await ofLap(lap, options);
  if (options.json) console.log(JSON.stringify({ of: lap ?? of, ...found.counts, pairs: found.pairs }));
  else console.log([...found.pairs.map(pairText), ...found.lines].join('\n'));
}

interface Found {
  readonly counts: object;
  readonly pairs: readonly AlikePair[];
  readonly lines: readonly string[];
}

async function ofLap(lap: string, { similarity, ignoreNumbers }: PairOptions): Promise<Found> {
  if (similarity !== undefined || ignoreNumbers !== undefined)
    throw new UsageError(`Expected no --similarity and --ignore-numbers of a lap, whose recipe says them, got ${lap}`);
  const at = uri.dataset(placeOf(lap, 'open'), 'near-equal');
  const pairs: AlikePair[] = [];
  if ((await store.stat(at)) !== undefined)
    for await (const pair of store.readJsonl<AlikePair>(await store.refOf(at))) pairs.push(pair);
  const counts = alikeCounts(pairs);
  return { counts, pairs, lines: [`${lap}: ${alikeText(counts)}`] };
}

async function ofFile(file: string, { similarity, ignoreNumbers }: PairOptions): Promise<Found> {
  const least = Number(similarity ?? USUAL_RULE.similarity);
  if (!(least >= 0.5 && least <= 1))
    throw new UsageError(`Expected --similarity to be from 0.5 to 1, got ${JSON.stringify(similarity)}`);
  const problems = await problemsOf(file);
  const rule = { similarity: least, ignoresNumbers: ignoreNumbers === true };
  const { pairs, ...counts } = await nearEqualAmong(problems, rule);
  const lines = nearEqualLines({ pairs, ...counts });
  return {
    counts: { problems: problems.length, ...counts },
    pairs,
    lines: lines.length > 0 ? lines : [`All ${problems.length} problems are different`],
  };
}

async function problemsOf(file: string): Promise<Problem[]> {
  const stored = await store.stat(file).catch(() => undefined); // a path that is none of the store's
  const lines =
    stored === undefined
      ? (
          await readProblemFiles([file]).catch((error: Error) => {
            throw new UsageError(error.message, { cause: error });
          })
        ).lines
      : (await store.readText(file)).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => checkedProblem(objectIn(line, `${file} line ${index + 1}`), file));
}

function pairText({ kind, similarity, one, other }: AlikePair): string {
  const side = ({ id, why, statement }: AlikePair['one']) =>
    `  ${id}${why === undefined ? '' : `, ${why}`}: ${JSON.stringify(statement)}`;
  return [`── ${kind}${kind === 'near' ? ` · ${similarity.toFixed(3)}` : ''}`, side(one), side(other)].join('\n');
}
