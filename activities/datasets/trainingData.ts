import type {
  DatasetRef,
  Problem,
  PromptSetRef,
  RewardMeta,
  ScoredAnalysis,
  ScoredProof,
  Task,
  TrainingRow,
} from '../../shared/records.ts';
import type { TrainedTask } from '../../shared/lap/orders.ts';
import { rewardSpecSchema, type RewardSpec } from '../../shared/reward/protocol.ts';
import { openPromptSet } from '../store/promptSets.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { uri } from '../../shared/ids.ts';
import { failure } from '../failure.ts';

/** Rows of D_p, D_v or D_mv, as prompts of a task that a stage trains. */
export interface TrainingSource {
  readonly task: TrainedTask;
  readonly rows: DatasetRef;
}

/**
 * The dataset that a training job reads: prompts rendered here, once, so that the trainer knows no prompt.
 * @throws `NothingToLearn`, non-retryable, when there is no row.
 */
export async function writeTrainingRows(
  store: ArtifactStore,
  input: { to: string; prompts: PromptSetRef; source: TrainingSource },
): Promise<DatasetRef> {
  const prompts = await openPromptSet(store, input.prompts);
  const { task, rows: from } = input.source;
  if (from.rows === 0) {
    throw failure(
      'NothingToLearn',
      `Expected ${from.uri} to hold rows to train ${task} on, got none: \`flywheel lineage ${from.uri}\` shows what ` +
        'it was made of',
    );
  }
  async function* rows(): AsyncGenerator<TrainingRow> {
    for await (const row of store.readJsonl<Problem | ScoredProof | ScoredAnalysis>(input.source.rows)) {
      const meta = rewardMeta(task, row);
      yield {
        itemId: `${task}/${row.id}`,
        task,
        prompt: prompts.render(task, { ...meta, problem: meta.problem.statement }),
        meta,
      };
    }
  }
  return store.writeJsonl(input.to, rows(), madeBy('writeTrainingRows', { rows: from, prompts: input.prompts }));
}

function rewardMeta(task: Task, row: Problem | ScoredProof | ScoredAnalysis): RewardMeta {
  if ('quality' in row) return { problem: row.problem, proof: row.proof, analysis: row.analysis, score: row.quality };
  if ('score' in row) return { problem: row.problem, proof: row.proof, score: row.score };
  if ('statement' in row) return { problem: row };
  throw new Error(
    `Expected a row of D_p, D_v or D_mv for ${task}, got one with the fields ${Object.keys(row).join(', ')}`,
  );
}

/** What the reward service has to know of a job, at the place where it looks: of the spec, what its schema names. */
export async function writeRewardSpec(store: ArtifactStore, spec: RewardSpec): Promise<{ sha256: string }> {
  const { verifier, metaVerifier } = spec.judges;
  return store.writeJson(
    uri.rewardSpec(spec.jobKey),
    rewardSpecSchema.parse(spec),
    madeBy('writeRewardSpec', { prompts: spec.prompts, verifier, metaVerifier }),
  );
}
