import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, heartbeat } from '@temporalio/activity';
import { Client, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createCodecServer } from '../../../workers/codec/server.ts';
import { encryptionCodec } from '../../../workers/codec/encryption.ts';
import { valuesOf } from '../../../workers/client.ts';

const SECRET = 'the-triangle-is-isosceles';
const failureConverterPath = path.resolve('workers/codec/failureConverter.cjs');
const codec = encryptionCodec([{ id: 'k1', key: randomBytes(32) }]);
const withKey: DataConverter = { payloadCodecs: [codec], failureConverterPath };
const withoutKey: DataConverter = { payloadCodecs: [encryptionCodec([])] };
let env: TestWorkflowEnvironment;
let code: string;
let client: Client;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
  env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: process.env['TEMPORAL_CLI_PATH'] ?? '' },
      extraArgs: ['--log-level', 'never'],
    },
  });
  client = new Client({ connection: env.connection, dataConverter: withKey });
  const bundled = await bundleWorkflowCode({
    workflowsPath: path.resolve('test/workers/codec/secretive.ts'),
    failureConverterPath,
    logger: new DefaultLogger('ERROR'),
  });
  code = bundled.code;
}, 120_000);
afterAll(() => env.teardown());

const held = new Set<string>();
const worker = (taskQueue: string, dataConverter: DataConverter): Promise<Worker> =>
  Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    dataConverter,
    workflowBundle: { code },
    activities: {
      async whisper(secret: string): Promise<string> {
        const { attempt, workflowExecution } = activityInfo();
        heartbeat(`beat ${secret}`);
        while (held.has(workflowExecution?.workflowId ?? '')) {
          heartbeat(`beat ${secret}`);
          await sleep(50);
        }
        if (attempt === 1) throw ApplicationFailure.retryable(`try again with ${secret}`);
        return `heard ${secret}`;
      },
    },
  });

const start = (workflowId: string, taskQueue: string): Promise<WorkflowHandleWithFirstExecutionRunId> =>
  client.workflow.start('secretive', {
    workflowId,
    taskQueue,
    args: [SECRET],
    memo: { input: SECRET },
    staticSummary: `about ${SECRET}`,
  });

/** All that the server has of a workflow, as bytes. */
async function kept(workflowId: string): Promise<{ bytes: Buffer; json: string }> {
  const asked = { namespace: 'default', execution: { workflowId } };
  const { history } = await client.workflowService.getWorkflowExecutionHistory(asked);
  const described = await client.workflowService.describeWorkflowExecution(asked);
  const { History } = proto.temporal.api.history.v1;
  const { DescribeWorkflowExecutionResponse } = proto.temporal.api.workflowservice.v1;
  const bytes = [History.encode(history ?? {}).finish(), DescribeWorkflowExecutionResponse.encode(described).finish()];
  return { bytes: Buffer.concat(bytes), json: JSON.stringify(History.create(history ?? {}).toJSON()) };
}

test('inputs, results, heartbeats, signals, memos and failures’ messages are nowhere in what the server keeps', async () => {
  const running = await worker('with-key', withKey);
  await running.runUntil(async () => {
    held.add('well');
    const well = await start('well', 'with-key');
    const beats = async () =>
      (
        await client.workflowService.describeWorkflowExecution({
          namespace: 'default',
          execution: { workflowId: 'well' },
        })
      ).pendingActivities?.flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads ?? []);
    while ((await beats())?.length !== 1) await sleep(50);
    expect(await valuesOf(client, await beats())).toEqual([`beat ${SECRET}`]);
    expect((await kept('well')).bytes.includes(SECRET)).toBe(false);
    held.delete('well');
    await well.signal('tell', `told ${SECRET}`);
    expect(await well.result()).toBe(`heard ${SECRET} told ${SECRET}`);
    expect((await well.describe()).memo).toEqual({ input: SECRET });

    const failing = await start('failing', 'with-key');
    await failing.signal('tell', `fail ${SECRET}`);
    await expect(failing.result()).rejects.toMatchObject({
      cause: { message: `fail ${SECRET} heard ${SECRET}`, type: 'Told', details: [`heard ${SECRET}`] },
    });
  });
  for (const id of ['well', 'failing']) {
    const { bytes } = await kept(id);
    expect(bytes.includes(SECRET)).toBe(false);
    expect(bytes.includes('binary/encrypted')).toBe(true);
  }
});

test('the codec server opens what is in a history as the Web UI sends it', async () => {
  const app = createCodecServer({ codec, origins: ['http://127.0.0.1:8233'], namespace: 'default' });
  const { history } = JSON.parse(`{"history":${(await kept('well')).json}}`) as {
    history: { events: { workflowExecutionStartedEventAttributes?: { input?: { payloads?: unknown[] } } }[] };
  };
  const payloads = history.events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const answer = await app.inject({
    method: 'POST',
    url: '/decode',
    headers: { origin: 'http://127.0.0.1:8233', 'x-namespace': 'default' },
    payload: { payloads },
  });
  expect(answer.statusCode).toBe(200);
  const [{ data = '' } = {}] = answer.json<{ payloads: { data?: string }[] }>().payloads;
  expect(Buffer.from(data, 'base64').toString()).toBe(JSON.stringify(SECRET));
  await app.close();
});

test('a worker without the key says which is missing, and one that has it goes on', async () => {
  const ignorant = await worker('locked', withoutKey);
  const handle = await start('locked', 'locked');
  const messages = async (): Promise<string[]> =>
    ((await handle.fetchHistory()).events ?? []).flatMap(
      ({ workflowTaskFailedEventAttributes: failed }) => failed?.failure?.message ?? [],
    );
  await ignorant.runUntil(async () => {
    while ((await messages()).length === 0) await sleep(50);
  });
  expect((await messages())[0]).toBe(
    'Expected FLYWHEEL_CODEC_KEYS to have the key "k1", which a payload is encrypted with, got none',
  );
  const knowing = await worker('locked', withKey);
  await knowing.runUntil(async () => {
    await handle.signal('tell', 'well');
    expect(await handle.result()).toBe(`heard ${SECRET} well`);
  });
});
