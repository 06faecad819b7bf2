import type { FastifyInstance } from 'fastify';
import { promptSetNamed } from '../../../activities/store/promptSets.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import type { Task, TrainingRow } from '../../../shared/records.ts';
import type { RewardBatch, RewardItem, RewardSpec } from '../../../shared/reward/protocol.ts';
import { SCORES } from '../../../shared/scores.ts';
import { evaluationOf } from './fakeModelServer.ts';

export const TOKEN = 'a token of the tests';
export const JOB = 'main/lap-0001/generator';

const sampling = { temperature: 1, topP: 1, maxTokens: 256 };
const judge = (role: 'verifier' | 'metaVerifier', sha256: string) => ({
  role,
  checkpoint: { uri: `checkpoints/${sha256}`, sha256 },
});

/** A spec of phase 3 with the paper's weights. */
export async function specOf(store: FileStore, changes: Partial<RewardSpec> = {}): Promise<RewardSpec> {
  return {
    jobKey: JOB,
    prompts: await promptSetNamed(store, 'paper'),
    judges: { verifier: judge('verifier', 'a'.repeat(64)), metaVerifier: judge('metaVerifier', 'b'.repeat(64)) },
    useMetaReward: true,
    proofWeight: 0.76,
    selfAnalysisWeight: 0.24,
    verdictsPerReward: 1,
    metaVerdictsPerReward: 1,
    maxRevisions: 2,
    sampling: { verify: sampling, metaVerify: sampling },
    judgeAttempts: 3,
    seed: 1,
    datasets: [await store.writeJsonl('datasets/rows.jsonl', ROWS)],
    ...changes,
  };
}

/** A row to prove, one for each task by its name, and one to verify for each label. */
const ROWS: readonly TrainingRow[] = [
  ...Array.from({ length: 41 }, (_, number) => rowOf(`p${number}`, 'prove', {})),
  rowOf('self', 'selfVerify', {}),
  ...SCORES.map((score) => rowOf(`verify-${score}`, 'verify', { proof: 'By induction.', score })),
  rowOf('no-label', 'verify', { proof: 'By induction.' }),
  rowOf('no-analysis', 'metaVerify', { proof: 'By induction.', score: 1 }),
];

function rowOf(itemId: string, task: Task, meta: Partial<TrainingRow['meta']>): TrainingRow {
  const problem = { id: itemId, statement: 'Prove that 1 + 1 = 2.', topic: 'algebra', source: 'test' };
  return { itemId, task, prompt: [{ role: 'user', content: `${task}, please` }], meta: { problem, ...meta } };
}

export async function writeSpec(store: FileStore, changes: Partial<RewardSpec> = {}): Promise<void> {
  const spec = await specOf(store, changes);
  await store.writeJson(`rewards/${spec.jobKey}/spec.json`, spec);
}

export function itemOf(changes: Partial<RewardItem> = {}): RewardItem {
  return { itemId: 'p1', response: '## Solution\nBy induction.', truncated: false, ...changes };
}

export const selfVerified = (score: number, proof = 'By induction.') =>
  `## Solution\n${proof}\n## Self Evaluation\n${evaluationOf(score)}`;

/** A listening service, or its address. */
type Where = Pick<FastifyInstance, 'listeningOrigin'>;

export function request(
  where: Where,
  path: string,
  { body, token = TOKEN, signal }: { body?: unknown; token?: string | undefined; signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(`${where.listeningOrigin}${path}`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

export const rewardPath = (job = JOB) => `/jobs/${encodeURIComponent(job)}/v2/rewards`;

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: RewardBatch & { readonly error?: string };
}

async function answerOf(response: Response): Promise<Answer> {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: (await response.json()) as Answer['body'],
  };
}

/** Posts a batch, and says where it stands then. */
export async function begin(
  where: Where,
  items: readonly RewardItem[],
  { job = JOB, token = TOKEN, again = '0' } = {},
) {
  return answerOf(await request(where, `${rewardPath(job)}?again=${again}`, { body: { items }, token }));
}

export async function poll(where: Where, id: string, wait = 55, job = JOB) {
  return answerOf(await request(where, `${rewardPath(job)}/${id}?wait=${wait}`));
}

/** Posts a batch, and waits until it is judged; what is refused comes back as it is. */
export async function post(where: Where, items: readonly RewardItem[], options: Parameters<typeof begin>[2] = {}) {
  let answer = await begin(where, items, options);
  while (answer.status < 300 && answer.body.underWay > 0) answer = await poll(where, answer.body.id, 55, options?.job);
  return answer;
}

/** Something a test waits for, or makes others wait for. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const opening = new AbortController();
  const opened = new Promise<void>((resolve) => opening.signal.addEventListener('abort', () => resolve()));
  return { opened, open: () => opening.abort() };
}
