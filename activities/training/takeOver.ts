import { inLap, lapOf, prefixOf, uri } from '../../shared/ids.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import type { RewardSpec } from '../../shared/reward/protocol.ts';
import type { MetricsLine, SucceededJob } from '../../shared/training/job.ts';
import type { Cluster } from '../clusters/types.ts';
import { failure } from '../failure.ts';
import { checkpointRef, expectWritten, recordMade } from '../store/checkpoints.ts';
import { jsonLinesOf } from '../store/jsonLines.ts';
import { inBlocks } from '../store/lines.ts';
import { madeBy } from '../store/made.ts';
import { ArtifactChanged, type ArtifactStore } from '../store/types.ts';
import { JobFolder } from './jobFolder.ts';
import { madeOf } from './outcome.ts';
import { stopJob } from './run.ts';
import { differingFields } from './sameTraining.ts';
import type { RunTrainingInput } from './types.ts';

interface TakingOver {
  readonly store: ArtifactStore;
  readonly folder: JobFolder;
  readonly cluster: Cluster;
  readonly graceMs: number;
}

/** What the trainer saves with a state, last; the state counts once it is there. */
interface StateProgress {
  readonly step: number;
  readonly tokens: number;
  readonly seconds: number;
}
const PROGRESS = 'progress.json';

/**
 * Takes over from donors what an equal training came to there: its result, else the last state that it saved, which the
 * first attempt then goes on from. Before anything is submitted, and once: what is taken is on record in `taken.json`.
 * @returns the result, if that is taken.
 */
export async function takeOver(input: RunTrainingInput, means: TakingOver): Promise<SucceededJob | undefined> {
  const { store, folder, cluster } = means;
  const { donors = [], jobKey } = input;
  if (donors.length === 0) return undefined;
  const known = await folder.taken();
  if (known?.kind === 'result') return store.readJson<SucceededJob>(folder.uri('result.json'));
  if (known !== undefined || (await cluster.find(jobKey, 1)) !== undefined) return undefined;
  const spec = await specOf(store, jobKey);
  for (const lap of donors) {
    const donor = new JobFolder(store, inLap(lap, jobKey));
    const training = await donor.training();
    if (training === undefined) continue;
    await stopLeft(donor, means);
    const was = { input: training, spec: await specOf(store, donor.jobKey) };
    if (differingFields(was, { input, spec }).length > 0) continue;
    const result = await resultOf(store, donor, training);
    if (result !== undefined) return takeResult(result, donor, means);
    if (await takeState(donor, means)) return undefined;
  }
  return undefined;
}

const specOf = (store: ArtifactStore, jobKey: string) => store.findJson<RewardSpec>(uri.rewardSpec(jobKey));

/** A lap that was terminated leaves its trainer running: it would go on for nobody, in the way of this one. */
async function stopLeft(donor: JobFolder, { cluster, graceMs }: TakingOver): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const job = await cluster.find(donor.jobKey, attempt);
    if (job === undefined) return;
    if ((await cluster.state(job)).kind !== 'gone') await stopJob(donor, cluster, job, 'cancel', graceMs);
  }
}

/** Of a training that succeeded and whose checkpoint is in the store, whether or not its lap heard of it. */
async function resultOf(
  store: ArtifactStore,
  donor: JobFolder,
  training: RunTrainingInput,
): Promise<SucceededJob | undefined> {
  const result = await donor.lastResult();
  if (result?.status !== 'succeeded') return undefined;
  const checkpoint = checkpointRef(result.checkpoint.sha256);
  if (!(await store.exists(checkpoint.uri))) return undefined;
  await expectWritten(store, checkpoint).catch((error: Error) => {
    if (!(error instanceof ArtifactChanged)) throw error; // the store's
    throw failure('JobFailed.data', `Training job ${donor.jobKey}, which is to be taken over: ${error.message}`);
  });
  const job = donor.jobFile(result.attempt);
  if (await store.exists(job)) await recordMade(store, checkpoint, madeOf(training, await store.refOf(job)));
  return result;
}

async function takeResult(result: SucceededJob, donor: JobFolder, means: TakingOver): Promise<SucceededJob> {
  const { store, folder } = means;
  await copyRecords(donor, means);
  const taken = { ...result, jobKey: folder.jobKey };
  const made = madeBy('takeOver', { result: await store.refOf(donor.uri('result.json')) });
  await store.writeJson(folder.uri('result.json'), taken, made);
  const { steps, tokens } = result;
  await folder.writeTaken({ kind: 'result', from: donor.jobKey, steps, tokens, seconds: await donor.seconds(result) });
  return taken;
}

async function takeState(donor: JobFolder, means: TakingOver): Promise<boolean> {
  const { store, folder } = means;
  const last = await donor.lastState();
  if (last === undefined) return false;
  const state = (of: JobFolder) => prefixOf(of.uri(`state/checkpoint-${last}`));
  const files: string[] = [];
  for await (const file of store.list(state(donor))) files.push(file.slice(state(donor).length));
  for (const file of [...files.filter((name) => name !== PROGRESS), PROGRESS])
    await store.write(`${state(folder)}${file}`, store.read(`${state(donor)}${file}`));
  await copyRecords(donor, means, last);
  const { step, tokens, seconds } = await store.readJson<StateProgress>(`${state(donor)}${PROGRESS}`);
  await folder.writeTaken({ kind: 'state', from: donor.jobKey, steps: step, tokens, seconds });
  return true;
}

/** Metrics, rewards and judges' outcomes, up to a step: as taken over, so that nobody pays for them twice. */
async function copyRecords(donor: JobFolder, { store, folder }: TakingOver, upTo = Infinity): Promise<void> {
  const takenFrom = lapOf(donor.jobKey);
  const copy = async <Line extends object>(
    from: string,
    to: string,
    taken: (line: Line) => object | undefined,
  ): Promise<void> => {
    if ((await store.stat(from)) === undefined) return;
    async function* lines(): AsyncGenerator<string> {
      for await (const line of jsonLinesOf(store, from) as AsyncGenerator<Line>) {
        const kept = taken(line);
        if (kept !== undefined) yield `${JSON.stringify(kept)}\n`;
      }
    }
    await store.write(to, inBlocks(lines()));
  };
  await copy<MetricsLine>(donor.metrics, folder.metrics, (line) => (line.step > upTo ? undefined : line));
  const { jobKey } = folder;
  await copy<Outcome>(uri.judgeLedger(donor.jobKey), uri.judgeLedger(jobKey), (line) => ({ takenFrom, ...line }));
  await copy<{ step?: number; judge: object }>(uri.rewards(donor.jobKey), uri.rewards(jobKey), (line) =>
    (line.step ?? 0) > upTo ? undefined : { ...line, judge: { ...line.judge, taken: line.judge } },
  );
}
