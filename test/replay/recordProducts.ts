/**
 * Records the histories that `products.test.ts` replays: `node --import tsx test/replay/recordProducts.ts`, after a
 * change of the products' workflows that is meant to break running ones. TEMPORAL_CLI_PATH names the server.
 */
import { QUEUES } from '../../shared/queues.ts';
import { startLabelWorld, VERIFIER } from '../workflows/products/labelWorld.ts';
import { problem } from '../workflows/products/solveWorld.ts';
import { Recorder } from './record.ts';

const world = await startLabelWorld({ issues: 0.4 });
try {
  const { client } = world.env;
  const recorder = new Recorder(client, 'products');
  const run = async (
    type: string,
    input: { readonly name: string } & Readonly<Record<string, unknown>>,
  ): Promise<void> => {
    const workflowId = `${type}/${input.name}`;
    await client.workflow.execute(type, { taskQueue: QUEUES.orchestrator, workflowId, args: [input] });
    await recorder.record(workflowId);
  };
  const problems = 'imports/problems/three.jsonl';
  await world.store.writeJsonl(problems, [0, 1, 2].map(problem));
  const asked = { problems, generator: VERIFIER, name: 'search' };
  await run('solve', { ...asked, search: { proofs: 4, analyses: 4, refined: 2, shown: 1, rounds: 2 } });
  await run('solve', { ...asked, name: 'refinement', refine: { threads: 2, iterations: 2, verdicts: 2 } });
  await recorder.record('solve/refinement/p0');
  await run('label', { name: 'labels', proofs: await world.proofs(20), verifier: VERIFIER });
  const sizes = { proofsPerProblem: 2, analyses: 2 };
  await run('evaluate', {
    name: 'own',
    subject: 'generator',
    problems,
    generator: VERIFIER,
    verifier: VERIFIER,
    ...sizes,
  });
} finally {
  await world.stop();
}
