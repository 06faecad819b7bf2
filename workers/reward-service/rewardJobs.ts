import type { Asker } from '../../activities/inference/types.ts';
import type { ArtifactStore } from '../../activities/store.ts';
import { loadPromptSet } from '../../activities/prompts.ts';
import { rewardSpecSchema, type RewardSpec } from '../../shared/rewardProtocol.ts';
import { RewardJob } from './rewardJob.ts';
import { RewardLog } from './rewardLog.ts';

/** A request that cannot be served as it is; its message says what was expected, what came and what to do. */
export class Refusal extends Error {
  readonly status: 400 | 404 | 422;

  constructor(status: 400 | 404 | 422, message: string) {
    super(message);
    this.status = status;
  }
}

/** Makes the asker of a job's judges, whose outcomes go to `ledger/<jobKey>/judge.jsonl`. */
export type AskerFactory = (spec: RewardSpec) => Promise<Asker>;

interface OpenJob {
  readonly specText: string;
  readonly job: Promise<RewardJob>;
}

/** The jobs this service knows: any that has a spec in the store. A spec that was rewritten is read again. */
export class RewardJobs {
  private readonly store: ArtifactStore;
  private readonly createAsker: AskerFactory;
  private readonly promptsRoot: string | undefined;
  private readonly open = new Map<string, OpenJob>();
  private readonly logs = new Map<string, Promise<RewardLog>>();

  constructor(parts: { readonly store: ArtifactStore; readonly createAsker: AskerFactory; readonly promptsRoot?: string | undefined }) {
    this.store = parts.store;
    this.createAsker = parts.createAsker;
    this.promptsRoot = parts.promptsRoot;
  }

  /** @throws Refusal when the job has no spec, or one that cannot be used. */
  async get(jobKey: string): Promise<RewardJob> {
    if (!/^[\w.-]+(\/[\w.-]+)*$/.test(jobKey) || jobKey.split('/').includes('..')) {
      throw new Refusal(400, `Expected a job key such as main/lap-0001/verifier-v1, got ${JSON.stringify(jobKey)}`);
    }
    const uri = `rewards/${jobKey}/spec.json`;
    const specText = await this.store.readText(uri).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
      throw new Refusal(404, `Expected job ${jobKey} to have a reward spec, found no ${uri} in the store: write it before the job is submitted`);
    });
    const known = this.open.get(jobKey);
    if (known?.specText === specText) return known.job;
    const job = this.start(jobKey, uri, specText);
    this.open.set(jobKey, { specText, job });
    job.catch(() => this.open.delete(jobKey)); // the next request tries again
    return job;
  }

  /** The jobs that have been asked for since the service started. */
  keys(): string[] {
    return [...this.open.keys()];
  }

  async close(): Promise<void> {
    for (const log of this.logs.values()) await (await log).close();
  }

  private async start(jobKey: string, uri: string, specText: string): Promise<RewardJob> {
    const spec = readSpec(jobKey, uri, specText);
    const prompts = await loadPromptSet(spec.prompts.name, this.promptsRoot);
    if (prompts.sha256 !== spec.prompts.sha256) {
      throw new Refusal(422, `Expected prompt set ${spec.prompts.name} to have sha256 ${spec.prompts.sha256} as ${uri} says, got ${prompts.sha256}: the prompts were changed after the job began; restore them or start a new lap`);
    }
    let log = this.logs.get(jobKey);
    if (log === undefined) {
      log = RewardLog.open(this.store.path(`rewards/${jobKey}/rewards.jsonl`));
      this.logs.set(jobKey, log);
      log.catch(() => this.logs.delete(jobKey));
    }
    const [asker, opened] = await Promise.all([this.createAsker(spec), log]);
    return new RewardJob({ spec, prompts, asker, log: opened });
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
    throw new Refusal(422, `Expected jobKey of ${uri} to be ${JSON.stringify(jobKey)}, got ${JSON.stringify(parsed.data.jobKey)}`);
  }
  return parsed.data;
}

/** The first bad fields of a parse, by path. */
export function issuesOf(error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] }): string {
  const shown = error.issues.slice(0, 5).map(({ path, message }) => `${path.map(String).join('.') || '(whole)'}: ${message}`);
  const more = error.issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
