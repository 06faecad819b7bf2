import { PATHS } from '../../workers/annotation-desk/pages/paths.ts';
import { claim } from '../../shared/review/messages.ts';
import { fakeWorld, rowOf, type FakeWorld } from '../workers/annotation-desk/fakeWorld.ts';
import { Visitor } from '../workers/annotation-desk/visitor.ts';
import type { Bench } from './bench.ts';
import { longProof } from './longProof.ts';

const SIZE = { characters: 30_000, formulas: 300 };
const WARM = 5;
const RUNS = 15;

/**
 * The real desk over reviews in memory, one process. Each page is of a proof that was not asked for before, with
 * formulas that no page had: nothing is cached.
 */
export const deskPage: Bench = {
  name: 'desk-page',
  about: 'Milliseconds of one core to serve the page of a question with a proof of 30,000 characters and 300 formulas',
  goal: '< 150',
  met: (value) => value < 150,
  takes: [],
  async run() {
    const world = await fakeWorld();
    const cookie = await signedIn(world);
    const served: Served[] = [];
    for (let seed = 1; seed <= WARM + RUNS; seed += 1) {
      const id = world.reviews.ask(rowOf(`long-${seed}`, { proof: longProof({ ...SIZE, seed }) }));
      await world.reviews.send(id, claim, { annotator: 'ada' });
      served.push(await serve(`${world.origin}${PATHS.question(id)}`, cookie));
    }
    await world.close();
    const [first] = served;
    const runs = served.slice(WARM);
    return {
      value: median(runs.map(({ cpuMs }) => cpuMs)),
      detail: {
        runs: RUNS,
        wallMs: median(runs.map(({ wallMs }) => wallMs)),
        slowestCpuMs: Math.max(...runs.map(({ cpuMs }) => cpuMs)),
        firstOfTheProcessCpuMs: first?.cpuMs,
        bytes: first?.bytes,
        formulasSet: first?.formulas,
      },
    };
  },
};

async function signedIn({ origin, tokens }: FakeWorld): Promise<string> {
  const ada = new Visitor(origin);
  await ada.signIn(tokens['ada'] ?? '');
  return ada.cookie;
}

interface Served {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly bytes: number;
  readonly formulas: number;
}

/** The time is that of all threads of this process, which is server and reader. */
async function serve(url: string, cookie: string): Promise<Served> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  const bytes = Buffer.from(await (await fetch(url, { headers: { cookie } })).arrayBuffer());
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = Math.round(performance.now() - wall);
  const formulas = bytes.toString('utf8').split('class="katex"').length - 1;
  return { cpuMs: (user + system) / 1000, wallMs, bytes: bytes.length, formulas };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 10) / 10;
}
