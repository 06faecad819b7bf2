import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { config } from '../../../temporal.config.ts';

jest.setTimeout(120_000);

let folder: string;
let api: Server;
let base: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'flywheel-solve-'));
  mkdirSync(path.join(folder, 'folder'));
  writeFileSync(path.join(folder, 'one.jsonl'), '{"problem":"Show that 1 + 1 = 2."}\n');
  writeFileSync(path.join(folder, 'empty.jsonl'), '');
  writeFileSync(path.join(folder, 'none.jsonl'), '{"topic":"algebra"}\n');
  // Lists two models, of which one takes little, to whom has the key; below /web it is a web page.
  api = createServer(({ url = '', headers }, response) => {
    if (url.startsWith('/web')) return response.end('<!doctype html><title>Welcome</title>');
    if (headers.authorization !== 'Bearer right') return response.writeHead(401).end('{"error":{"message":"bad key"}}');
    return response.end('{"data":[{"id":"small","max_model_len":4096},{"id":"large"}]}');
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(() => {
  api.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The command itself, beside the server that it asks. */
async function solve(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(
    process.execPath,
    [path.join(config.root, 'cli', 'flywheel.mjs'), 'solve', path.join(folder, file), ...args],
    { cwd: config.root, env: { ...process.env, FLYWHEEL_STATE: path.join(folder, 'state'), ...env } },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number];
  return { status, said };
}

const KEY = { SOLVE_TEST_KEY: 'right' };
const of = (model: string, ...more: readonly string[]) => ['--endpoint', base, '--model', model, ...more];
const keyed = (model: string, ...more: readonly string[]) => of(model, '--api-key-env', 'SOLVE_TEST_KEY', ...more);

test.each<[what: string, file: string, args: () => readonly string[], says: string]>([
  ['an empty file', 'empty.jsonl', () => of('m'), 'got an empty file'],
  ['a folder', 'folder', () => of('m'), 'which is a folder'],
  ['rows without a statement', 'none.jsonl', () => of('m'), "expected a field with the problems' statements"],
  ['no model', 'one.jsonl', () => [], 'Expected a model, --endpoint URL --model NAME, or --lap LAP, got neither'],
  ['an address that is no URL', 'one.jsonl', () => ['--endpoint', '127.0.0.1', '--model', 'm'], 'the URL of an API'],
  ['an address with a password', 'one.jsonl', () => ['--endpoint', 'http://a:b@h', '--model', 'm'], 'without a name'],
  ['a search that is none', 'one.jsonl', () => of('m', '--search', 'huge'), 'Expected --search to be one of small'],
  ['a seed below 0', 'one.jsonl', () => of('m', '--seed', '-1'), 'Expected --seed to be a whole number'],
  ['no money', 'one.jsonl', () => of('m', '--max-cost', '0'), 'Expected --max-cost to be an amount above 0'],
  ['money without a price', 'one.jsonl', () => of('m', '--max-cost', '5'), '--max-cost): expected a price of m'],
  ['a name with slashes', 'one.jsonl', () => of('m', '--name', 'a/b'), 'name: expected small letters'],
  ['a lap that is not there', 'one.jsonl', () => ['--lap', 'lap-0009'], 'got "main/lap-0009", which is not there'],
  ['no key', 'one.jsonl', () => of('m'), 'to take the key, got: 401 bad key'],
  ['prompts that nobody knows', 'one.jsonl', () => keyed('large', '--prompts', 'none'), 'to name a prompt set'],
  ['a variable that is not set', 'one.jsonl', () => of('m', '--api-key-env', 'NO_SUCH_KEY'), 'NO_SUCH_KEY to hold'],
  ['the key itself', 'one.jsonl', () => of('m', '--api-key-env', 'sk-0123'), 'maybe the key itself'],
  ['a format that is none', 'one.jsonl', () => of('m', '--thinking', 'deeply'), 'Expected --thinking to be none'],
  ['another model', 'one.jsonl', () => keyed('m'), 'to list the model "m", got small, large'],
  ['answers longer than its window', 'one.jsonl', () => keyed('small'), 'the 4,096 tokens that small takes'],
  ['a web page', 'one.jsonl', () => ['--endpoint', `${base}/web`, '--model', 'm'], 'got: 200, a web page Welcome'],
  ['nobody', 'one.jsonl', () => ['--endpoint', 'http://127.0.0.1:9', '--model', 'm'], 'Is the server up'],
])('solve refuses %s in a sentence, with exit code 2, and starts nothing', async (_, file, args, says) => {
  const { status, said } = await solve(file, args(), KEY);
  expect(said).toContain(says);
  expect(said).not.toMatch(/^\s+at /m);
  expect([status, said.includes('Workflow solve/')]).toEqual([2, false]);
});

test('--help has all options, in groups', () => {
  const { stdout } = spawnSync(process.execPath, [path.join(config.root, 'cli', 'flywheel.mjs'), 'solve', '--help'], {
    encoding: 'utf8',
  });
  const groups = [...stdout.matchAll(/^(\w.*):$/gm)].map(([, name]) => name);
  expect(groups.slice(0, 4)).toEqual(['Arguments', 'The search', 'Sequential refinement', 'Models']);
  for (const option of ['--search', '--refine', '--endpoint', '--api-key-env', '--max-cost', '--yes', '--field'])
    expect(stdout).toContain(option);
});
