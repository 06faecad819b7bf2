import fastify from 'fastify';
import { registerFiles } from '../../workers/annotation-desk/files.ts';
import { questionPage } from '../../workers/annotation-desk/pages/questionPage.ts';
import { FRAME, QUESTION } from '../workers/annotation-desk/views.ts';
import type { Bench } from './bench.ts';
import { longProof } from './longProof.ts';

const SIZE = { characters: 30_000, formulas: 300 };
const WARM = 5;
const RUNS = 15;

/** Each page is of a proof that was not asked for before, with formulas that no page had: nothing is cached. */
export const deskPage: Bench = {
  name: 'desk-page',
  about: 'Milliseconds of one core to serve the page of a question with a proof of 30,000 characters and 300 formulas',
  goal: '< 150',
  met: (value) => value < 150,
  takes: [],
  async run() {
    const app = fastify();
    await registerFiles(app);
    app.get<{ Params: { seed: string } }>('/questions/:seed', ({ params }, reply) => {
      const proof = longProof({ ...SIZE, seed: Number(params.seed) });
      return reply.type('text/html; charset=utf-8').send(questionPage(FRAME, { ...QUESTION, proof }).markup);
    });
    const origin = await app.listen({ host: '127.0.0.1', port: 0 });
    const served: Served[] = [];
    for (let seed = 1; seed <= WARM + RUNS; seed += 1) served.push(await serve(`${origin}/questions/${seed}`));
    await app.close();
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

interface Served {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly bytes: number;
  readonly formulas: number;
}

/** The time is that of all threads of this process, which is server and reader. */
async function serve(url: string): Promise<Served> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = Math.round(performance.now() - wall);
  const formulas = bytes.toString('utf8').split('class="katex"').length - 1;
  return { cpuMs: (user + system) / 1000, wallMs, bytes: bytes.length, formulas };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 10) / 10;
}
