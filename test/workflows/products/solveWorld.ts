import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { ApplicationFailure } from '@temporalio/common';
import type { EndpointResolver } from '../../../activities/inference/types.ts';
import type { SolveInput } from '../../../shared/products/input.ts';
import type { SolvedProblem, SolveResult } from '../../../shared/products/search.ts';
import { QUEUES } from '../../../shared/queues.ts';
import { modelKey } from '../../../shared/records.ts';
import { uri } from '../../../shared/ids.ts';
import type { solve } from '../../../workflows/products/solve.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import type { StubOptions } from '../../stub-server/options.ts';
import { inferenceActivities, startInferenceWorld, type InferenceWorld } from '../sets/inferenceWorld.ts';
import { solveActivities } from './solveActivities.ts';

/** Problems solved on a real Temporal server, by a stub. */
export interface SolveWorld extends InferenceWorld {
  readonly stub: Stub;
  /** A file of problems: so many, or these rows. */
  readonly problems: (given: number | readonly object[]) => Promise<string>;
  readonly start: (input: SolveAsked) => ReturnType<typeof startSolve>;
  /** Its result, and the problems' by id. */
  readonly solve: (input: SolveAsked) => Promise<Solved>;
  readonly solvedIn: (result: SolveResult) => Promise<Solved>;
  /** Starts a worker in a process of its own. @param bundle of its workflows. @default it makes one */
  readonly startWorker: (bundle?: string) => Promise<ChildProcess>;
  /** Of a dataset, by its URI. */
  readonly rowsOf: <Row>(uri: string) => Promise<Row[]>;
}

export type SolveAsked = Omit<SolveInput, 'generator'> & { readonly name: string };

export interface Solved extends SolveResult {
  readonly problems: readonly SolvedProblem[];
}

export async function startSolveWorld(
  options: Partial<StubOptions> = {},
  {
    isServed = () => true,
    workers = true,
  }: {
    readonly isServed?: () => boolean;
    /** Whether this process works. */
    readonly workers?: boolean;
  } = {},
): Promise<SolveWorld> {
  const stub = await startStub({ medianMs: 2, sigma: 0.2, textBytes: 100, ...options });
  const resolve: EndpointResolver = async (model) => {
    if (!isServed()) throw ApplicationFailure.nonRetryable('nobody has said where it is served');
    return [{ baseUrl: stub.url, model: modelKey(model), maxConcurrency: 512 }];
  };
  const world = await startInferenceWorld('workflows/index.ts', inferenceActivities(resolve), {
    orchestrator: solveActivities,
    workers,
  });
  const start = (input: SolveAsked) => startSolve(world, input);
  const processes: ChildProcess[] = [];
  const solvedIn = async (result: SolveResult): Promise<Solved> => ({
    ...result,
    problems: await world.store.readRows<SolvedProblem>(result.results),
  });
  return {
    ...world,
    stub,
    start,
    solvedIn,
    rowsOf: async <Row>(dataset: string) => {
      const rows: Row[] = [];
      for await (const row of world.store.readJsonl<Row>(await world.store.refOf(dataset))) rows.push(row);
      return rows;
    },
    problems: async (given) => {
      const rows = typeof given === 'number' ? Array.from({ length: given }, (_, index) => problem(index)) : given;
      const file = uri.problems(`${rows.length}-of-a-test`);
      await world.store.writeJsonl(file, rows);
      return file;
    },
    solve: async (input) => solvedIn(await (await start(input)).result()),
    async startWorker(bundle) {
      const args = [world.env.address, world.store.root, stub.url, ...(bundle === undefined ? [] : [bundle])];
      const worker = spawn(
        process.execPath,
        ['--max-semi-space-size=16', '--import', 'tsx', 'test/workflows/products/searchWorker.ts', ...args],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      processes.push(worker);
      await once(worker.stdout, 'data');
      return worker;
    },
    stop: async () => {
      for (const worker of processes) worker.kill('SIGKILL');
      await world.stop();
      await stub.kill();
    },
  };
}

export const problem = (index: number) => ({
  id: `p${index}`,
  statement: `Show claim ${index} of the test.`,
  topic: 'algebra',
  source: 'made up',
});

/** As the command starts it: one that has ended begins again. */
function startSolve({ env }: InferenceWorld, input: SolveAsked) {
  const generator = { endpoint: 'http://127.0.0.1:1/v1', model: 'stub' };
  return env.client.workflow.start<typeof solve>('solve', {
    taskQueue: QUEUES.orchestrator,
    workflowId: `solve/${input.name}`,
    args: [{ generator, ...input }],
  });
}
