import type { AnalysisEvidence, MaybeScore } from '../../shared/label/autoLabel.ts';
import { reportsIssue } from '../../shared/label/autoLabel.ts';
import { isFirstAttempt, lossOf } from '../../shared/figures/losses.ts';
import { addSpent, costOf, NOTHING_SPENT, type Price, type Spent } from '../../shared/products/caps.ts';
import type { Losses } from '../../shared/products/evaluation.ts';
import type { AskedModel } from '../../shared/products/models.ts';
import { NO_USAGE, type Outcome } from '../../shared/outcomes.ts';
import { modelKey, type Task } from '../../shared/records.ts';
import { analysisId } from '../../activities/sets/labelShard.ts';
import { readShard, shardFiles } from '../../activities/sets/inspect.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { uri } from '../../shared/ids.ts';

/** What became of the calls of a set, whether it is finished or was stopped on the way. */
export interface SetOutcomes {
  /** Of a row and task, the last attempt at each sample: undefined where it was lost, `none` where it was not asked. */
  readonly verdicts: (row: string, task: Task) => readonly (MaybeScore | 'none')[];
  /** First attempts. */
  readonly losses: (task: Task) => Losses;
  readonly spent: Spent;
}

const NO_LOSSES: Losses = { asked: 0, unparseable: 0, truncated: 0, refused: 0, failed: 0 };

/**
 * Reads a set's ledgers once. Calls that are no part of it (its plan was changed on the way) are paid for, and say
 * nothing.
 * @param models whoever was asked, with their prices.
 */
export async function setOutcomes(
  store: ArtifactStore,
  setId: string,
  models: readonly AskedModel[],
): Promise<SetOutcomes> {
  const prices = new Map(models.map(({ ref, price }) => [modelKey(ref), price]));
  const samples = new Map<string, { attempt: number; score: MaybeScore }[]>();
  const firsts = new Map<string, Pick<Outcome, 'task' | 'kind' | 'cause' | 'status'>>();
  let spent = NOTHING_SPENT;
  const seen = new Set<string>();
  const isPlanned = (await store.stat(uri.shardPlan(setId))) !== undefined;
  for (const shard of isPlanned ? await shardFiles(store, setId) : []) {
    if (shard.state === 'notStarted') continue;
    for await (const outcome of readShard(store, shard)) {
      // One that failed and was made again stands there twice, and is one call.
      spent = addSpent(spent, spentBy(outcome, prices.get(outcome.model), seen.has(outcome.key)));
      seen.add(outcome.key);
      if (outcome.unused === true) continue;
      const { key, row, task, sample, attempt = 0, kind, score, cause, status } = outcome;
      if (isFirstAttempt(outcome)) firsts.set(key, { task, kind, cause, status });
      const of = samples.get(keyOf(row, task)) ?? [];
      samples.set(keyOf(row, task), of);
      const before = of[sample];
      if (before === undefined || before.attempt <= attempt)
        of[sample] = { attempt, score: kind === 'answered' ? score : undefined };
    }
  }
  const losses = new Map<Task, Losses>();
  for (const first of firsts.values()) losses.set(first.task, counted(losses.get(first.task) ?? NO_LOSSES, first));
  return {
    verdicts: (row, task) =>
      Array.from(samples.get(keyOf(row, task)) ?? [], (sample) => (sample === undefined ? 'none' : sample.score)),
    losses: (task) => losses.get(task) ?? NO_LOSSES,
    spent,
  };
}

const keyOf = (row: string, task: Task): string => `${task} ${row}`;

/** Calls that an earlier lap paid for are of nobody's costs. */
function spentBy({ usage = NO_USAGE, takenFrom }: Outcome, price: Price | undefined, again: boolean): Spent {
  if (takenFrom !== undefined) return NOTHING_SPENT;
  return { calls: again ? 0 : 1, usage, cost: price === undefined ? null : costOf(usage, price) };
}

function counted(losses: Losses, outcome: Pick<Outcome, 'kind' | 'cause' | 'status'>): Losses {
  const loss = lossOf(outcome) ?? (outcome.kind === 'failed' ? 'failed' : undefined);
  return { ...losses, asked: losses.asked + 1, ...(loss && { [loss]: losses[loss] + 1 }) };
}

/**
 * What is known of a proof once all was asked: n analyses, and m meta-analyses of each that reports an issue. Undefined
 * where something was not asked.
 */
export function evidenceFrom(
  { verdicts }: SetOutcomes,
  proof: string,
  n: number,
  m: number,
): readonly AnalysisEvidence[] | undefined {
  const scores = whole(verdicts(proof, 'verify'), n);
  const evidence = scores?.map((score, analysis) => {
    const metaScores = reportsIssue(score) ? whole(verdicts(analysisId(proof, analysis), 'metaVerify'), m) : [];
    return metaScores && { score, metaScores };
  });
  return evidence?.every((one) => one !== undefined) ? evidence : undefined;
}

/** The first n, be they lost; undefined where one of them was not asked for. */
export function whole(verdicts: readonly (MaybeScore | 'none')[], n: number): MaybeScore[] | undefined {
  const asked = verdicts.slice(0, n).flatMap((score) => (score === 'none' ? [] : [score]));
  return asked.length === n ? asked : undefined;
}
