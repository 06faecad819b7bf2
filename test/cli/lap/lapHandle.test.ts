import { QueryNotRegisteredError, ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { withPatience } from '../../../workers/laps/progressOf.ts';

/** FAKE: a client whose answer comes, or does not. */
const client = { withDeadline: (_: number, ask: () => Promise<unknown>) => ask() } as unknown as Client;
const grpc = (code: number, details: string): Error =>
  Object.assign(new Error(details), { code, details, metadata: {} });
const asked = (error: unknown): Promise<unknown> => withPatience(client, () => Promise.reject(error));

test('an answer that comes is the answer', async () => {
  expect(await withPatience(client, async () => 5)).toBe(5);
});

test.each([
  ['no such workflow yet', new WorkflowNotFoundError('not found', 'lap-main', undefined)],
  ['a server that is started again', grpc(14, 'No connection established')],
  ['no worker in time', grpc(4, 'Deadline exceeded')],
  ['the same, as the SDK wraps it', new ServiceError('Failed to query Workflow', { cause: grpc(14, 'closed') })],
])('%s is waited for', async (_, error) => {
  expect(await asked(error)).toBeUndefined();
});

test.each([
  ['a query that fails', new QueryNotRegisteredError('x is not a function', 3), 'x is not a function'],
  [
    'who may not ask',
    new ServiceError('Failed to describe', { cause: grpc(7, 'Request unauthorized.') }),
    'Request un',
  ],
  ['who is not known', grpc(16, 'no token'), 'no token'],
  ['a fault of our own', new TypeError('cannot read'), 'cannot read'],
])('%s is told', async (_, error, message) => {
  await expect(asked(error)).rejects.toThrow(message);
});
