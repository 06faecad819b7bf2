import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Agent, request } from 'undici';
import { FileStore } from '../../activities/store/files.ts';
import type { RewardBatch, RewardItem } from '../../shared/reward/protocol.ts';
import { startStub, type Stub } from '../stub-server/start.ts';
import type { StubOptions } from '../stub-server/options.ts';
import { itemOf, rewardPath, TOKEN, writeSpec } from '../workers/reward-service/fixtures.ts';

/** The reward service in a process of its own, its judge a stub in another, and a client that posts batches. */
export interface RewardWorld {
  readonly stub: Stub;
  readonly store: FileStore;
  /** Posts a batch, and waits for its rewards. */
  readonly rewarded: (items: readonly RewardItem[]) => Promise<void>;
  /** Of the service: CPU seconds, and resident MB. */
  readonly used: () => { readonly cpuSeconds: number; readonly residentMb: number };
  /** Ends the service by SIGTERM and starts it again. @returns seconds from the start to the first answer. */
  readonly restart: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

export async function startRewardWorld(options: Partial<StubOptions>): Promise<RewardWorld> {
  const stub = await startStub({ medianMs: 0, sigma: 0, textBytes: 200, issues: 0, ...options });
  const folder = await mkdtemp(path.join(os.tmpdir(), 'rewards-'));
  const store = new FileStore(folder);
  await writeSpec(store, { useMetaReward: false });
  const agent = new Agent({ connections: 16, headersTimeout: 0, bodyTimeout: 0 });
  let service: ChildProcess | undefined;
  let origin = '';
  const start = async (): Promise<void> => {
    const script = 'test/workers/reward-service/serviceProcess.ts';
    service = spawn(process.execPath, ['--import', 'tsx', script, folder, `${stub.url}/v1`, TOKEN], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(service.stdout as NonNullable<typeof service.stdout>, 'data')) as [Buffer];
    origin = line.toString().trim();
  };
  const end = async (): Promise<void> => {
    const ended = service && once(service, 'exit');
    service?.kill('SIGKILL');
    await ended;
  };
  const ask = async (target: string, body?: unknown): Promise<RewardBatch> => {
    const { statusCode, body: reply } = await request(`${origin}${target}`, {
      dispatcher: agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const state = (await reply.json()) as RewardBatch & { error?: string };
    if (statusCode >= 300) throw new Error(`Expected rewards, got ${statusCode}: ${state.error}`);
    return state;
  };
  await start();
  return {
    stub,
    store,
    async rewarded(items) {
      let state = await ask(rewardPath(), { items });
      while (state.underWay > 0) state = await ask(`${rewardPath()}/${state.id}?wait=55`);
    },
    used: () => usedBy(service?.pid ?? 0),
    async restart() {
      await end();
      const began = performance.now();
      await start();
      await ask(rewardPath(), { items: [itemOf()] });
      return (performance.now() - began) / 1000;
    },
    async stop() {
      await end();
      await stub.kill();
      await agent.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** As Linux counts it, in ticks of 10 ms and pages of 4 KiB. */
function usedBy(pid: number): { readonly cpuSeconds: number; readonly residentMb: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, pages] = [11, 12, 21].map((field) => Number(fields[field]));
  return { cpuSeconds: ((user ?? 0) + (system ?? 0)) / 100, residentMb: ((pages ?? 0) * 4096) / 2 ** 20 };
}

/** Answers to one row, each another, of so many bytes. */
export function answersOf(from: number, count: number, bytes: number): RewardItem[] {
  const filler = 'Since the claim holds for n, it holds for n + 1. '.repeat(Math.ceil(bytes / 49)).slice(0, bytes);
  return Array.from({ length: count }, (_, index) =>
    itemOf({ itemId: `p${(from + index) % 41}`, response: `## Solution\nCase ${from + index}. ${filler}` }),
  );
}
