import type { FastifyInstance } from 'fastify';
import { promptSetNamed } from '../../../activities/store/promptSets.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import type { RewardItem, RewardResponse, RewardSpec } from '../../../shared/reward/protocol.ts';
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
    ...changes,
  };
}

export async function writeSpec(store: FileStore, changes: Partial<RewardSpec> = {}): Promise<void> {
  const spec = await specOf(store, changes);
  await store.writeJson(`rewards/${spec.jobKey}/spec.json`, spec);
}

export function itemOf(changes: Partial<RewardItem> = {}): RewardItem {
  return {
    itemId: 'p1',
    task: 'prove',
    response: '## Solution\nBy induction.',
    truncated: false,
    meta: { problem: { id: 'p1', statement: 'Prove that 1 + 1 = 2.', topic: 'algebra', source: 'test' } },
    ...changes,
  };
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

export const rewardPath = (job = JOB) => `/jobs/${encodeURIComponent(job)}/v1/reward`;

export async function post(where: Where, items: readonly RewardItem[], { job = JOB, token = TOKEN } = {}) {
  const response = await request(where, rewardPath(job), { body: { items }, token });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: (await response.json()) as RewardResponse & { error?: string },
  };
}

/** Something a test waits for, or makes others wait for. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const opening = new AbortController();
  const opened = new Promise<void>((resolve) => opening.signal.addEventListener('abort', () => resolve()));
  return { opened, open: () => opening.abort() };
}
