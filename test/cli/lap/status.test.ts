import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure, TerminatedFailure } from '@temporalio/common';
import { lapStatuses } from '../../../cli/lap/status.ts';

const failed = ApplicationFailure.create({
  type: 'LapFailed',
  message: 'main/lap-0002 failed',
  details: ['main/lap-0002'],
  cause: ApplicationFailure.create({ message: '5 of 12 rows are too long' }),
});

/** Ends of laps of one run, the newest first: what its workflow gives, and the name that it can be searched by. */
const ENDS: readonly (readonly [status: string, end: () => Promise<unknown>, searched?: string])[] = [
  [
    'FAILED',
    () =>
      Promise.reject(
        new WorkflowFailedError('failed', ApplicationFailure.create({ message: 'no base' }), 'x' as never),
      ),
  ],
  [
    'TERMINATED',
    () => Promise.reject(new WorkflowFailedError('failed', new TerminatedFailure('by hand'), 'x' as never)),
    'main/lap-0003',
  ],
  ['FAILED', () => Promise.reject(new WorkflowFailedError('failed', failed, 'x' as never)), 'main/lap-0002'],
  ['COMPLETED', async () => ({ lap: 'main/lap-0001' }), 'main/lap-0001'],
];

/** FAKE: a server that knows these laps. */
const client = {
  workflow: {
    async *list() {
      for (const [index, [name, , searched]] of ENDS.entries())
        yield {
          workflowId: 'lap-main',
          runId: String(index),
          status: { name },
          startTime: new Date(0),
          closeTime: new Date(1_000),
          typedSearchAttributes: {
            get: ({ name: of }: { name: string }) => (of === 'FlywheelLap' ? searched : undefined),
          },
        };
    },
    getHandle: (_: string, runId: string) => ({ result: ENDS[Number(runId)]?.[1] }),
  },
} as unknown as Client;

test('laps that failed or were ended have their names, and say why', async () => {
  expect((await lapStatuses(client, undefined)).map(({ lap, status, failure }) => [lap, status, failure])).toEqual([
    [undefined, 'failed', 'no base'],
    ['main/lap-0003', 'terminated', 'by hand'],
    ['main/lap-0002', 'failed', '5 of 12 rows are too long'],
    ['main/lap-0001', 'completed', undefined],
  ]);
});

test('one that failed is found by its name', async () => {
  for (const named of ['main/lap-0002', 'lap-0002'])
    expect((await lapStatuses(client, named)).map(({ runId }) => runId)).toEqual(['2']);
});
