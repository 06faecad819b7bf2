import { executeChild } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import { searcherOf, testTime as testTimeOf } from '../../shared/lap/heldOutOrders.ts';
import type { TestTimeRecord } from '../../shared/lap/manifest.ts';
import { orderOf } from '../../shared/lap/phases.ts';
import type { CheckpointRef } from '../../shared/records.ts';
import { inTurnOf } from '../inTurn.ts';
import { solve } from '../products/solve.ts';
import { NOTHING_SOLVED } from '../products/solveProgress.ts';
import { data } from '../proxies.ts';

/** Who searches at the end of a lap, and who judges all of them. */
export interface Searchers {
  readonly base: CheckpointRef;
  readonly generator: CheckpointRef;
  readonly verifier: CheckpointRef;
}

/** Search and refinement of held-out problems at test time (paper 3.3.2, 3.3.3), each as a `solve` of its own. */
export function testTime(opened: OpenedLap, { base, generator, verifier }: Searchers): Promise<TestTimeRecord>[] {
  return testTimeOf(opened).map(async ({ name }) => {
    const { policy } = orderOf(opened, 'evaluation', 'solve', name);
    const model = searcherOf(name);
    const asked = { name, policy, model, generator: model === 'base' ? base : generator, verifier };
    const { lap, recipe, prompts, problems, seed, donors } = opened;
    const solving = await data.openTestTime({
      opened: { lap, recipe, prompts, problems, seed, ...(donors && { donors }) },
      ...asked,
    });
    const began = Date.now();
    const { results } = await executeChild(solve, {
      workflowId: solving.place,
      args: [
        { problems: solving.problems.uri, name: solving.name },
        { opened: solving, state: NOTHING_SOLVED },
      ],
      staticSummary: `${name} of ${solving.problems.rows} held-out problems`,
      priority: inTurnOf(opened),
    });
    return {
      ...asked,
      place: solving.place,
      problems: solving.problems,
      results,
      startedAt: new Date(began).toISOString(),
      wallSeconds: (Date.now() - began) / 1000,
    };
  });
}
