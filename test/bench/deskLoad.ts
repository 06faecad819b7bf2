import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { freePort } from '../../activities/processes/ports.ts';
import { Annotators } from '../../activities/reviews/annotators.ts';
import { Visitor, type Seen } from '../workers/annotation-desk/visitor.ts';
import { World } from '../workflows/reviews/world.ts';
import type { Bench } from './bench.ts';

const PEOPLE = 50;
const QUESTIONS = 150;
/** An action each 10 s (the issue's), for so long. */
const EVERY_MS = 10_000;
const ROUNDS = 6;
const SECRET = 'of a benchmark, and of nothing else';

/**
 * People at once, by the desk's own process, a real Temporal server and a worker process: each takes the next question,
 * reads its page and scores it, an action each ten seconds.
 */
export const deskLoad: Bench = {
  name: 'desk-load',
  about: `p95 in ms of an action at the desk, its page included: ${PEOPLE} people, one each ${EVERY_MS / 1000} s`,
  goal: '<= 500',
  met: (value) => value <= 500,
  takes: [],
  async run() {
    const world = await World.start();
    const processes: ChildProcess[] = [];
    try {
      const { address: temporal } = world.env;
      const port = await freePort();
      const address = `http://127.0.0.1:${port}`;
      const node = (script: string, args: readonly string[], env: Record<string, string> = {}) =>
        processes.push(
          spawn(process.execPath, ['--import', 'tsx', script, ...args], {
            stdio: ['ignore', 'ignore', 'inherit'],
            env: { ...process.env, ...env },
          }),
        );
      node('test/workflows/reviews/workerProcess.ts', [temporal, world.store.root]);
      node('workers/annotation-desk/main.ts', [], {
        FLYWHEEL_STATE: path.dirname(world.store.root),
        TEMPORAL_ADDRESS: temporal,
        FLYWHEEL_DESK_PORT: String(port),
        FLYWHEEL_DESK_SECRET: SECRET,
      });
      await ask(world);
      const visitors = await signedIn(world, address);
      const times: number[] = [];
      const refused: string[] = [];
      await Promise.all(visitors.map((visitor, index) => act(visitor, index, times, refused)));
      times.sort((one, other) => one - other);
      const at = (share: number) => Math.round(times[Math.ceil(share * times.length) - 1] ?? Number.NaN);
      if (refused.length > 0) throw new Error(`Expected no action to be refused, got ${refused.length}: ${refused[0]}`);
      return {
        value: at(0.95),
        detail: { actions: times.length, p50: at(0.5), p99: at(0.99), refused: refused.length },
      };
    } finally {
      for (const one of processes) one.kill('SIGTERM');
      await world.stop();
    }
  },
};

async function ask(world: World): Promise<void> {
  const proof = Array.from(
    { length: 60 },
    (_, line) => `Line ${line}: since $a_{${line}} \\le ${line}^2$, so is the sum.`,
  );
  const subject = await world.store.writeJsonl(
    'datasets/load.jsonl',
    Array.from({ length: QUESTIONS }, (_, row) => ({
      id: `p${row}`,
      problem: { id: `p${row}`, statement: `Show that $\\sum_i a_i \\le ${row}^3$.`, topic: 'algebra', source: 'test' },
      proof: proof.join('\n\n'),
    })),
  );
  for (let row = 0; row < QUESTIONS; row += 1) await world.ask(`p${row}`, {}, { setId: 'load', subject, row });
}

async function signedIn({ store }: World, address: string): Promise<Visitor[]> {
  const people = new Annotators(store);
  const dispatcher = new Agent({ connections: PEOPLE });
  const visitors: Visitor[] = [];
  for (let index = 0; index < PEOPLE; index += 1) {
    const token = await people.add(`person-${index}`, 'bench');
    const visitor = new Visitor(address, dispatcher);
    while (visitor.page.url !== '/') await visitor.signIn(token).catch(() => sleep(500)); // the desk starts
    visitors.push(visitor);
  }
  while (!visitors[0]?.page.text.includes('/next')) {
    await sleep(500);
    await visitors[0]?.get('/');
  }
  return visitors;
}

/** Takes and scores in turn, each within its ten seconds, at a moment of one's own. */
async function act(visitor: Visitor, index: number, times: number[], refused: string[]): Promise<void> {
  const began = performance.now() + (index / PEOPLE) * EVERY_MS;
  for (let round = 0; round < ROUNDS; round += 1) {
    await sleep(Math.max(0, began + round * EVERY_MS - performance.now()));
    if (round % 2 === 0) await visitor.get('/');
    const start = performance.now();
    const { pathname } = new URL(visitor.page.url, 'http://desk');
    const seen: Seen =
      round % 2 === 0
        ? await visitor.post('/next')
        : await visitor.post(`${pathname}/verdict`, { score: '1', comment: 'the sum is bounded', lines: '3' });
    times.push(performance.now() - start);
    const isDone = seen.status === 200 && (round % 2 === 0 ? seen.url.startsWith('/questions/') : seen.url === '/');
    if (!isDone) refused.push(`${seen.status} at ${seen.url}`);
  }
}
