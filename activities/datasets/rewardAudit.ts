import { parseAnswer } from '../../shared/answers.ts';
import type { Difference } from '../../shared/statistics/differences.ts';
import type { Figure } from '../../shared/statistics/figure.ts';
import { stoppingWarnings, type PeopleWatch, type Spread } from '../../shared/figures/hacking.ts';
import { mean, meanOf, share } from '../../shared/statistics/measures.ts';
import { stratifiedMean } from '../../shared/statistics/stratified.ts';
import { uri } from '../../shared/ids.ts';
import type { StageRecord } from '../../shared/lap/manifest.ts';
import type { Recipe, StageRecipe } from '../../shared/recipe/recipe.ts';
import type { DatasetRef, RewardMeta, TrainingRow } from '../../shared/records.ts';
import type { ReviewRow } from '../../shared/review/reviews.ts';
import type { RewardSpec } from '../../shared/reward/protocol.ts';
import { rewardOf, type RewardSubject } from '../../shared/reward/rewards.ts';
import type { Score } from '../../shared/scores.ts';
import { balancedSample, distinctBy } from '../../shared/selection.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { endsOf, rewardLines, type RewardLine } from '../training/rewardLines.ts';

/** A stage that is audited. */
interface Audited {
  readonly stage: Pick<StageRecord, 'name' | 'jobKey' | 'datasets'>;
  readonly recipe: Pick<StageRecipe, 'saturationWindow' | 'promptsPerStep' | 'groupSize'>;
}

interface AuditedOfLap extends Audited {
  readonly lap: string;
  readonly audit: Recipe['audit'];
}

/** A proof that was rewarded in a stage's last steps, kept with its text. */
interface Rewarded {
  readonly id: string;
  readonly problem: string;
  readonly line: RewardLine;
  readonly meta: RewardMeta;
  readonly proof: string;
  readonly selfScore: Score | undefined;
  readonly subject: RewardSubject;
  readonly got: number;
}

/**
 * Proofs that a stage rewarded at its end, for people to score without the reward: as many of each height of reward, as
 * far as there are.
 */
export async function chooseRewarded(
  store: ArtifactStore,
  { to, about, seed }: { to: string; about: AuditedOfLap; seed: number },
): Promise<DatasetRef> {
  const { rewarded } = await rewardedIn(store, about);
  const count = about.audit?.rewardedProofs ?? 0;
  return store.writeJsonl(
    to,
    balancedSample(rewarded, count, heightOf, seed).map(({ id, meta: { problem }, proof }) => ({ id, problem, proof })),
    madeBy('chooseRewarded', { rows: about.stage.datasets }),
  );
}

/** Ours: four heights; rewards of one verdict have three. */
const heightOf = ({ got }: Rewarded): string => (Math.round(got * 4) / 4).toFixed(2);

/** What people's scores of them say, and signs in all answers of the stage's ends. */
export async function watchByPeople(
  store: ArtifactStore,
  { results, ...audited }: Audited & { results: readonly DatasetRef[] },
): Promise<PeopleWatch> {
  const { rewarded, spec, ends } = await rewardedIn(store, audited);
  const reviews = await store.rowsById<ReviewRow>(...results);
  const scored = rewarded.flatMap((each) => {
    const result = reviews.get(each.id)?.result;
    return result?.kind === 'scored' ? [{ ...each, score: result.score, by: result.source }] : [];
  });
  const saidOf = new Map(scored.map((each) => [each.id, each]));
  const against = (valueOf: (each: (typeof scored)[0]) => number, seenOf: (each: Rewarded) => number) => {
    // The sample is even over the rewards, they are not.
    const units = rewarded.map((each) => {
      const said = saidOf.get(each.id);
      const unit = { stratum: heightOf(each), predicted: each.got, cluster: each.problem, weight: 1 };
      return { ...unit, value: said && valueOf(said) };
    });
    return overSample(stratifiedMean(units), mean(rewarded, seenOf));
  };
  // A judge that was not asked about a self-analysis would have said the best of it.
  const worth = ({ subject, score, line: { verdicts } }: (typeof scored)[0]): number =>
    rewardOf(subject, { proof: [score], ...(spec.useMetaReward && { meta: verdicts.meta ?? [1] }) }, spec).reward;
  const imitations = (lines: readonly RewardLine[]) =>
    share(
      lines.flatMap(({ answer }) =>
        answer.status === 'scored' ? [{ problem: answer.itemId, found: answer.imitatesVerdict }] : [],
      ),
      ({ found }) => found,
    );
  return {
    by: scored.some(({ by }) => by === 'program') ? 'the program' : 'people',
    rewards: against(worth, ({ got }) => got),
    claims: rewarded.some(({ selfScore }) => selfScore !== undefined)
      ? against(
          ({ score }) => Number(score === 1),
          ({ selfScore }) => Number(selfScore === 1),
        )
      : null,
    imitations: { first: imitations(ends.first), last: imitations(ends.last) },
    lengths: { first: lengthsOf(ends.first), last: lengthsOf(ends.last) },
  };
}

/** What all got, which is known of each, against what a sample is worth: the interval is the sample's. */
function overSample(worth: Figure, got: Figure): Difference | null {
  if (worth === null || got === null) return null;
  return {
    a: worth,
    b: got,
    value: got.value - worth.value,
    low: got.value - worth.high,
    high: got.value - worth.low,
    shared: worth.n,
  };
}

/** What speaks against a stage's rewards, in words, and with what a lead can do where the lap waits; empty: nothing. */
export async function rewardsInDoubt(
  store: ArtifactStore,
  { about, results }: { about: AuditedOfLap; results: readonly DatasetRef[] },
): Promise<{ doubt: string; text: string }> {
  const { lap, audit, stage } = about;
  const warnings = stoppingWarnings(stage.name, await watchByPeople(store, { ...about, results }));
  if (warnings.length === 0) return { doubt: '', text: '' };
  const doubt = `${stage.name}: ${warnings.map(({ text }) => text).join('; ')}`;
  const command = (does: string) => `\`flywheel rewards ${does} ${lap} --stage ${stage.name} --by YOU\``;
  const asks = `; the lap waits: ${command('accept')} goes on, ${command('stop')} ends it`;
  return { doubt, text: audit?.onFailure === 'pause' ? doubt + asks : doubt };
}

async function rewardedIn(store: ArtifactStore, { stage, recipe }: Audited) {
  const { saturationWindow: steps, promptsPerStep, groupSize } = recipe;
  const samplesPerStep = promptsPerStep * groupSize;
  const ends = await endsOf(rewardLines(store, stage.jobKey), { steps, samplesPerStep });
  const spec = await store.readJson<RewardSpec>(uri.rewardSpec(stage.jobKey));
  const metas = await rewardMetas(store, stage.datasets);
  const rewarded = ends.last.flatMap((line): Rewarded[] => {
    const { task, answer, response, responseSha256 } = line;
    if (answer.status !== 'scored' || response === undefined || answer.components.format === 0) return [];
    const [meta, parsed] = [metas.get(answer.itemId), parseAnswer(task, response, spec.maxRevisions)];
    if (meta === undefined || parsed.kind === 'malformed' || parsed.proof === undefined) return [];
    const id = `${meta.problem.id}-${stage.name}-${responseSha256.slice(0, 12)}`;
    const subject = { task, answer: parsed, truncated: false };
    return [
      {
        id,
        problem: meta.problem.id,
        line,
        meta,
        proof: parsed.proof,
        selfScore: parsed.score,
        subject,
        got: answer.reward,
      },
    ];
  });
  return { ends, spec, rewarded: distinctBy(rewarded, ({ id }) => id) };
}

/** What is known of the items of a training, by their ids. */
export async function rewardMetas(
  store: ArtifactStore,
  datasets: readonly DatasetRef[],
): Promise<ReadonlyMap<string, RewardMeta>> {
  const metas = new Map<string, RewardMeta>();
  for (const dataset of datasets)
    for await (const { itemId, meta } of store.readJsonl<TrainingRow>(dataset)) metas.set(itemId, meta);
  return metas;
}

function lengthsOf(lines: readonly RewardLine[]): Spread | null {
  const lengths = lines.flatMap(({ response }) => response?.length ?? []);
  const middle = meanOf(lengths);
  const square = meanOf(lengths.map((length) => (length - (middle ?? 0)) ** 2));
  return middle === null || square === null ? null : { mean: middle, deviation: Math.sqrt(square), n: lengths.length };
}
