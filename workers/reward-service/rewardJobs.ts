import { LedgerAsker } from '../../activities/inference/asker.ts';
import { EarlierCalls } from '../../activities/ledger/earlierCalls.ts';
import { Ledger } from '../../activities/ledger/ledger.ts';
import type { ModelServers } from '../../activities/inference/servers.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { openPromptSet } from '../../activities/store/promptSets.ts';
import { rewardSpecSchema, type RewardSpec } from '../../shared/reward/protocol.ts';
import { JudgeLosses } from './judgeLosses.ts';
import { RewardJob } from './rewardJob.ts';
import { issuesOf, Refusal } from './refusal.ts';
import { RewardLog } from './rewardLog.ts';
import { RowIndex } from './rows.ts';
import type { DatasetRef } from '../../shared/records.ts';
import { inLap, isJobKey, ownerOf, uri } from '../../shared/ids.ts';
import { priorityOf } from '../../shared/sampling/share.ts';

/** What a job has on disk, open for writing: by this process alone. */
interface JobFiles {
  readonly log: RewardLog;
  readonly ledger: Ledger;
  readonly asker: LedgerAsker;
  readonly losses: JudgeLosses;
}

interface OpenJob {
  readonly specText: string;
  readonly job: Promise<RewardJob>;
  usedAt: number;
}

interface RewardJobsOptions {
  readonly store: ArtifactStore;
  readonly servers: ModelServers;
}

/**
 * A job that was not asked for this long is put away, with what is still under way; the next request opens it again.
 * Ours: longer than any pause of a living trainer but a requeue.
 */
const IDLE_MS = 1_800_000;

/** The jobs this service knows: any that has a spec in the store. A spec that was rewritten is read again. */
export class RewardJobs {
  readonly #options: RewardJobsOptions;
  readonly #open = new Map<string, OpenJob>();
  readonly #files = new Map<string, Promise<JobFiles>>();
  readonly #closing = new Map<string, Promise<void>>();

  constructor(options: RewardJobsOptions) {
    this.#options = options;
  }

  /** @throws Refusal when the job has no spec, or one that cannot be used. */
  async get(jobKey: string): Promise<RewardJob> {
    if (!isJobKey(jobKey)) {
      throw new Refusal(400, `Expected a job key such as main/lap-0001/verifier-v1, got ${JSON.stringify(jobKey)}`);
    }
    const file = uri.rewardSpec(jobKey);
    const specText = await this.#options.store.readText(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
      throw new Refusal(
        404,
        `Expected job ${jobKey} to have a reward spec, found no ${file} in the store: write it before the job is ` +
          'submitted',
      );
    });
    await this.#putAwayIdle(jobKey);
    const known = this.#open.get(jobKey);
    if (known?.specText === specText) {
      known.usedAt = Date.now();
      return known.job;
    }
    const job = this.#start(jobKey, file, specText);
    const opened = { specText, job, usedAt: Date.now() };
    this.#open.set(jobKey, opened);
    job.catch(() => {
      if (this.#open.get(jobKey) === opened) this.#open.delete(jobKey); // the next request tries again
    });
    return job;
  }

  /** Puts away a job whose files could not be written; the next request opens them again, and repairs them. */
  async putAway(job: RewardJob): Promise<void> {
    const { jobKey } = job.spec;
    if ((await this.#open.get(jobKey)?.job) !== job) return;
    job.close();
    this.#open.delete(jobKey);
    await this.#closeFiles(jobKey);
  }

  /** Jobs in memory. */
  get count(): number {
    return this.#open.size;
  }

  /** Those that are open, as far as they could be. */
  async opened(): Promise<RewardJob[]> {
    const all = await Promise.allSettled([...this.#open.values()].map(({ job }) => job));
    return all.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  }

  async close(): Promise<void> {
    for (const { job } of this.#open.values()) await job.then((opened) => opened.close()).catch(() => undefined);
    await Promise.all([...this.#files.keys()].map((jobKey) => this.#closeFiles(jobKey)));
  }

  async #start(jobKey: string, file: string, specText: string): Promise<RewardJob> {
    const spec = readSpec(jobKey, file, specText);
    const prompts = await openPromptSet(this.#options.store, spec.prompts).catch((cause: unknown) => {
      throw new Refusal(422, `Expected prompts of ${file} to be a prompt set: ${(cause as Error).message}`);
    });
    const rows = await RowIndex.open(this.#options.store, spec.datasets ?? (await this.#trainedOn(jobKey)));
    const { asker, ...kept } = await this.#filesOf(spec);
    return new RewardJob({ spec, prompts, asker }, { ...kept, rows });
  }

  /** What the training of a spec from an older build reads. */
  async #trainedOn(jobKey: string): Promise<readonly DatasetRef[]> {
    const file = uri.jobs(jobKey, 'training.json');
    const training = await this.#options.store.findJson<{ datasets: readonly { ref: DatasetRef }[] }>(file);
    if (training !== undefined) return training.datasets.map(({ ref }) => ref);
    throw new Refusal(
      422,
      `Expected ${uri.rewardSpec(jobKey)} to name the job's datasets, got none there or in ${file}`,
    );
  }

  #filesOf(spec: RewardSpec): Promise<JobFiles> {
    const { jobKey } = spec;
    let files = this.#files.get(jobKey);
    if (files === undefined) {
      files = this.#openFiles(spec);
      this.#files.set(jobKey, files);
      files.catch(() => this.#files.delete(jobKey));
    }
    return files;
  }

  async #openFiles({ jobKey, donors = [] }: RewardSpec): Promise<JobFiles> {
    const { store, servers } = this.#options;
    await this.#closing.get(jobKey);
    const losses = new JudgeLosses();
    const ledger = await Ledger.open(store, uri.judgeLedger(jobKey), (outcome) => losses.count(outcome));
    try {
      const log = await RewardLog.open(store, uri.rewards(jobKey));
      const earlier = new EarlierCalls(store);
      for (const lap of donors.toReversed()) await earlier.add(uri.judgeLedger(inLap(lap, jobKey)));
      // Trainings of several laps take turns at the judges that they share.
      const part = priorityOf(ownerOf(jobKey));
      return { log, ledger, losses, asker: new LedgerAsker(ledger, servers, { onOutage: 'throw', earlier, part }) };
    } catch (error) {
      await ledger.close();
      throw error;
    }
  }

  /** Whoever wants the files meanwhile waits until they are closed. */
  #closeFiles(jobKey: string): Promise<void> {
    const files = this.#files.get(jobKey);
    this.#files.delete(jobKey);
    const closing = (async () => {
      const opened = await files?.catch(() => undefined);
      await Promise.all([opened?.log.close(), opened?.ledger.close()]);
    })().finally(() => this.#closing.delete(jobKey));
    this.#closing.set(jobKey, closing);
    return closing;
  }

  async #putAwayIdle(except: string): Promise<void> {
    for (const [jobKey, opened] of this.#open) {
      const isIdle = () => Date.now() - opened.usedAt > IDLE_MS;
      if (jobKey === except || !isIdle()) continue;
      const job = await opened.job;
      if (!isIdle()) continue;
      job.close();
      this.#open.delete(jobKey);
      await this.#closeFiles(jobKey);
    }
  }
}

function readSpec(jobKey: string, uri: string, text: string): RewardSpec {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Refusal(422, `Expected ${uri} to be JSON: ${(cause as Error).message}`);
  }
  const parsed = rewardSpecSchema.safeParse(value);
  if (!parsed.success) throw new Refusal(422, `Expected ${uri} to be a reward spec: ${issuesOf(parsed.error)}`);
  if (parsed.data.jobKey !== jobKey) {
    throw new Refusal(
      422,
      `Expected jobKey of ${uri} to be ${JSON.stringify(jobKey)}, got ${JSON.stringify(parsed.data.jobKey)}`,
    );
  }
  return parsed.data;
}
