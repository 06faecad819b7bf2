import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkpointDigest } from '../../activities/store/checkpoints.ts';
import { freePort } from '../../activities/processes/ports.ts';
import { folderOf } from '../../domains/rehearsal/base/describeBase.ts';
import { rehearsalProblems } from '../../domains/rehearsal/problems.ts';

const REQUESTS = 10_000;
/** Callers at once of the loaded server: as many as it has slots, and some that wait. */
const CALLERS = 160;
/** Least share of texts that must be equal. */
const LEAST_EQUAL = 0.999;

let checkpoints: string;
let model: string;
const servers: ChildProcess[] = [];

beforeAll(async () => {
  checkpoints = await mkdtemp(path.join(tmpdir(), 'flywheel-served-'));
  model = await checkpointDigest(folderOf('rehearsal'));
  await symlink(path.resolve(folderOf('rehearsal')), path.join(checkpoints, model));
});

afterAll(async () => {
  await Promise.all(
    servers.map(async (server) => {
      const gone = server.exitCode === null && server.signalCode === null ? once(server, 'exit') : undefined;
      server.kill('SIGKILL');
      await gone;
    }),
  );
  await rm(checkpoints, { recursive: true, force: true });
});

/** Starts a model server, and answers its URL once it listens. */
async function serve(slots: number): Promise<string> {
  const port = await freePort();
  const args = [
    '-m',
    'trainer.serve',
    '--checkpoints',
    checkpoints,
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--slots',
    String(slots),
  ];
  const server = spawn(process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3', args, {
    cwd: path.resolve('.'),
    env: { ...process.env, OMP_NUM_THREADS: '1' },
    stdio: 'ignore',
  });
  servers.push(server);
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (server.exitCode !== null)
      throw new Error(`Expected the model server to listen, it ended with ${server.exitCode}`);
    await sleep(100);
  }
  return url;
}

/** Proofs and analyses of the rehearsal, of many lengths and in the manners that sampling knows. */
function bodies(): object[] {
  const problems = rehearsalProblems({ seed: 9, count: 1000, difficulty: [2, 8] });
  return Array.from({ length: REQUESTS }, (_, index) => {
    const { statement } = problems[index % problems.length] ?? { statement: '' };
    const content = index % 3 === 0 ? `verify ${statement}\nproof:\n${statement}` : `prove ${statement}`;
    return {
      model,
      messages: [{ role: 'user', content }],
      seed: index,
      max_tokens: 8 + (index % 24),
      temperature: [1, 0.7, 1, 0][index % 4],
      top_p: index % 5 === 0 ? 0.9 : 1,
    };
  });
}

async function textOf(url: string, body: object): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  const answer = (await response.json()) as { choices: { message: { content: string }; finish_reason: string }[] };
  if (!response.ok) throw new Error(`Expected an answer, got ${response.status}: ${JSON.stringify(answer)}`);
  return answer.choices.map(({ message, finish_reason }) => `${finish_reason}: ${message.content}`).join();
}

/** Texts in the order of the requests; every caller asks one at a time, `callers` shared out over the servers. */
async function ask(urls: readonly string[], callers: number, requests: readonly object[]): Promise<string[]> {
  const texts: string[] = [];
  let next = 0;
  const call = async (url: string) => {
    for (let index = next++; index < requests.length; index = next++)
      texts[index] = await textOf(url, requests[index] ?? {});
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(urls[caller % urls.length] ?? '')));
  return texts;
}

test('of 10,000 requests, at least 99.9 % have the same text alone on a server and beside all the others', async () => {
  const requests = bodies();
  // Two servers that know one call at a time, one caller each: nothing is ever beside anything.
  const alone = await ask(await Promise.all([serve(1), serve(1)]), 2, requests);
  const together = await ask([await serve(128)], CALLERS, requests);
  const equal = alone.filter((text, index) => text === together[index]).length;
  process.stderr.write(`${equal} of ${REQUESTS} texts are equal alone and under load\n`);
  expect(new Set(alone).size).toBeGreaterThan(REQUESTS / 10);
  expect(equal / REQUESTS).toBeGreaterThanOrEqual(LEAST_EQUAL);
}, 900_000);
