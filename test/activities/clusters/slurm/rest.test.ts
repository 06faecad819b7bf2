import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SlurmRest } from '../../../../activities/clusters/slurm/rest.ts';
import {
  capacityOfRest,
  isGone,
  jobOfRest,
  refusalByNodes,
  submissionOf,
} from '../../../../activities/clusters/slurm/restShapes.ts';
import { slurmSettings, type SlurmSettings } from '../../../../activities/clusters/slurm/settings.ts';
import type { SlurmRequest } from '../../../../activities/clusters/slurm/types.ts';

const request: SlurmRequest = {
  name: 'fw-1',
  comment: '{"attempt":1}',
  script: '#!/bin/bash\n',
  scriptFile: '/store/a.sh',
  log: '/store/a.log',
  folder: '/project',
  nodes: 2,
  gres: 'gpu:h100:4',
  minutes: 60,
  steps: false,
};
const settings = (rest: object = {}): SlurmSettings & { rest: NonNullable<SlurmSettings['rest']> } => {
  const made = slurmSettings.parse({ kind: 'slurm', rest: { url: 'http://127.0.0.1:1', user: 'me', ...rest } });
  return { ...made, rest: made.rest! };
};

test('a job is read in the shape of v0.0.38, as a real slurmrestd wrote it', () => {
  const job = {
    job_id: 2,
    job_state: 'RUNNING',
    state_reason: 'None',
    comment: 'c',
    submit_time: 1795599258,
    start_time: 1795599259,
  };
  expect(jobOfRest(job)).toEqual({
    id: '2',
    state: 'RUNNING',
    reason: 'None',
    comment: 'c',
    submittedAt: 1795599258000,
    startedAt: 1795599259000,
  });
  expect(jobOfRest({ ...job, job_state: 'PENDING' })).not.toHaveProperty('startedAt');
});

// Built from the schemas of these versions; no server of them was asked.
test.each([
  [['RUNNING'], 'RUNNING'],
  [['RUNNING', 'COMPLETING'], 'COMPLETING'],
  [['COMPLETED', 'COMPLETING'], 'COMPLETING'],
  [['PENDING', 'REQUEUE_HOLD'], 'REQUEUE_HOLD'],
  [['NODE_FAIL'], 'NODE_FAIL'],
  [[], ''],
])('a job is read in the shape of v0.0.39 to v0.0.42: of the states %j it is %s', (job_state, state) => {
  const number = (value: number) => ({ set: true, infinite: false, number: value });
  const job = jobOfRest({ job_id: 2, job_state, submit_time: number(100), start_time: number(200) });
  expect(job).toMatchObject({ state, submittedAt: 100_000, startedAt: 200_000 });
  const unset = jobOfRest({
    job_id: 2,
    job_state: ['RUNNING'],
    start_time: { set: false, infinite: false, number: 0 },
  });
  expect(unset).not.toHaveProperty('startedAt');
});

test('a submission to v0.0.38 says that it is not requeued in the only way that counts there', () => {
  const { job } = submissionOf(request, settings(), 'v0.0.38') as { job: Record<string, unknown> };
  expect(job).toMatchObject({
    no_requeue: true,
    hold: true,
    open_mode: 'append',
    nodes: 2,
    gres: 'gpu:h100:4',
    time_limit: 60,
  });
  expect(job).not.toHaveProperty('requeue');
});

test('a submission to later versions has their lists and numbers, and a warning for its shell', () => {
  const { job } = submissionOf(request, settings(), 'v0.0.42') as { job: Record<string, unknown> };
  expect(job).toMatchObject({
    requeue: false,
    hold: true,
    open_mode: ['APPEND'],
    nodes: '2',
    tres_per_node: 'gres/gpu:h100:4',
    time_limit: { set: true, infinite: false, number: 60 },
    kill_warning_flags: ['BATCH_JOB'],
    kill_warning_signal: 'TERM',
    kill_warning_delay: { set: true, infinite: false, number: 120 },
  });
  expect(job['environment']).toContain('FLYWHEEL_JOB=fw-1');
});

test('only the number 2017 says that a job is gone: an outage has the same text', () => {
  expect(isGone([{ error_number: 2017, error: 'Invalid job id specified' }])).toBe(true);
  expect(isGone([{ error_number: -1, error: 'Unable to find JobId=37' }])).toBe(false);
});

test('of a partition its own nodes count', () => {
  const nodes = [
    { name: 'n1', gres: 'gpu:h100:4', partitions: ['main', 'gpu'] },
    { name: 'n2', gres: '', partitions: ['main'] },
  ];
  expect(capacityOfRest(nodes, undefined)).toEqual({ nodes: 2, gpusPerNode: 4 });
  expect(capacityOfRest(nodes, 'gpu')).toEqual({ nodes: 1, gpusPerNode: 4 });
});

test.each([
  ['gpu:h100:4', 2, undefined],
  ['gpu:4', 2, undefined],
  ['gpu:h100', 2, undefined],
  [undefined, 3, undefined],
  ['gpu:h100:5', 1, /^partition main has 0 node\(s\) with gpu:h100:5 \(they have: gpu:h100:4\(S:0-1\), none\)$/],
  ['gpu:a100:1', 1, /has 0 node\(s\) with gpu:a100:1/],
  ['gpu:h100:4', 3, /has 2 node\(s\) with gpu:h100:4/],
  [undefined, 4, /^partition main has 3 node\(s\)$/],
])('%s on %d nodes is refused by what nodes have: %s', (gres, wanted, words) => {
  const gpus = { gres: 'gpu:h100:4(S:0-1)', partitions: ['main'] };
  const nodes = [gpus, gpus, { gres: '', partitions: ['main'] }, { gres: 'gpu:h100:8', partitions: ['other'] }];
  const refused = refusalByNodes({ nodes: wanted, ...(gres && { gres }) }, nodes, 'main');
  if (words === undefined) expect(refused).toBeUndefined();
  else expect(refused).toMatch(words);
});

describe('a slurmrestd', () => {
  const asked: { method: string; url: string; token: string; body: string }[] = [];
  let answer: (request: IncomingMessage) => { status: number; body: object | string };
  const server = createServer((incoming, response) => {
    void (async () => {
      const { method = '', url = '', headers } = incoming;
      asked.push({ method, url, token: String(headers['x-slurm-user-token']), body: await text(incoming) });
      const { status, body } = answer(incoming);
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    })();
  });
  let rest: SlurmRest;
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));
  beforeEach(() => {
    asked.length = 0;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tokenCommand = ['sh', '-c', 'echo SLURM_JWT=t.{seconds}.$$'];
    rest = new SlurmRest(settings({ url, tokenCommand }), { PATH: process.env['PATH'] });
  });

  test('that refuses a token is asked again with a new one, and that of others does not show', async () => {
    answer = () => (asked.length === 1 ? { status: 401, body: 'no' } : { status: 200, body: { jobs: [] } });
    expect(await rest.list(['fw-1'])).toEqual([]);
    expect(asked).toHaveLength(2);
    expect(asked[0]?.token).toMatch(/^t\.1800\.\d+$/);
    expect(asked[1]?.token).not.toBe(asked[0]?.token);
  });

  test('whose controller is away says so, and lists nothing', async () => {
    const errors = [{ error_number: -1, error: 'Unable to find JobId=37' }];
    answer = () => ({ status: 500, body: { errors } });
    await expect(rest.list(['fw-1'])).rejects.toThrow('Expected slurmrestd to answer jobs, it said 500');
    await expect(rest.cancel('37')).rejects.toThrow('Expected slurmrestd to answer job/37');
    asked.length = 0;
    await expect(rest.submit(request)).rejects.toThrow('Expected slurmrestd to answer job/submit');
    expect(asked).toHaveLength(1); // a submission may have arrived
  });

  test('that holds a job says so as an error beside its id, which is none', async () => {
    answer = () => ({
      status: 200,
      body: { job_id: 7, errors: [{ error_code: 2042, error: 'Job is in held state' }] },
    });
    expect(await rest.submit(request)).toBe('7');
    answer = () => ({ status: 500, body: { job_id: 0, errors: [{ error_code: 2014, error: 'not available' }] } });
    await expect(rest.submit(request)).rejects.toMatchObject({ type: 'ClusterTooSmall', nonRetryable: true });
  });

  test('lists the jobs of others, too: ours are told by name and user', async () => {
    const job = (job_id: number, name: string, user_name: string) => ({
      job_id,
      name,
      user_name,
      job_state: 'RUNNING',
    });
    answer = () => ({
      status: 200,
      body: { errors: [], jobs: [job(1, 'fw-1', 'me'), job(2, 'fw-1', 'you'), job(3, 'x', 'me')] },
    });
    expect((await rest.list(['fw-1'])).map(({ id }) => id)).toEqual(['1']);
  });

  test('of which a job has ended meanwhile has nothing to cancel', async () => {
    answer = () => ({ status: 500, body: { errors: [{ error_number: 2017, error: 'Invalid job id specified' }] } });
    await rest.cancel('9');
    await rest.terminate('9');
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'DELETE /slurm/v0.0.38/job/9',
      'DELETE /slurm/v0.0.38/job/9?signal=TERM',
    ]);
  });
});
