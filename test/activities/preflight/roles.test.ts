import { ModelServers } from '../../../activities/inference/servers.ts';
import { askRoles } from '../../../activities/preflight/roles.ts';
import { templateWord } from '../../../activities/preflight/template.ts';
import { openPromptSet, promptSetNamed } from '../../../activities/store/promptSets.ts';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import type { CheckpointModel } from '../../../shared/records.ts';
import { MemoryStore } from '../store/memoryStore.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';

test.each([
  ['the same number', 490, 490, 460, true, 'applied once (490 tokens)'],
  ['one token more', 491, 490, 460, false, 'a begin written twice'],
  ['all that stands around the texts once more', 520, 490, 460, false, 'applied twice'],
  ['the texts alone', 460, 490, 460, false, 'not applied'],
  ['a few more', 494, 490, 460, true, 'applied, with +4 tokens'],
  ['far more', 700, 490, 460, false, 'another one'],
])('a server that counts %s in a prompt', (_, theirs, ours, bare, isRight, text) => {
  const word = templateWord(theirs, ours, bare);
  expect([word.isRight, word.text]).toEqual([isRight, expect.stringContaining(text)]);
});

describe('a base behind a server', () => {
  const model: CheckpointModel = { role: 'candidate', checkpoint: { uri: 'checkpoints/x', sha256: 'a'.repeat(64) } };
  const tokens = (text: string) => text.length;
  const counter = { tokens, prompt: () => 10 };
  let stub: Stub | undefined;
  afterEach(async () => {
    await stub?.kill();
    stub = undefined;
  });

  async function seen(url: string, signal = new AbortController().signal) {
    const store = new MemoryStore();
    const prompts = await openPromptSet(store, await promptSetNamed(store, 'paper'));
    const endpoint = { baseUrl: url, model: 'm', maxConcurrency: 8 };
    const servers = new ModelServers({ resolve: () => Promise.resolve([endpoint]), patienceMs: 200 });
    const told: string[] = [];
    const asked = { recipe: smoke, model, prompts, counter, tasks: ['prove', 'verify'] as const, calls: 3 };
    try {
      const found = await askRoles(servers, asked, signal, (task, done, of) => told.push(`${task} ${done}/${of}`));
      return { ...found, told };
    } finally {
      await servers.close();
    }
  }

  test('is asked in each role, and what came is counted, with rates for a plan', async () => {
    stub = await startStub({ medianMs: 2, sigma: 0.1 });
    const { roles, rates, told } = await seen(stub.url);
    expect(roles.map(({ task, calls, answered, ended, cut }) => [task, calls, answered, ended, cut])).toEqual([
      ['prove', 3, 3, 3, 0],
      ['verify', 3, 3, 3, 0],
    ]);
    expect(Object.keys(rates.tokens ?? {})).toEqual(['prove', 'verify']);
    expect(rates.tokensPerSecond).toBeGreaterThan(0);
    expect(told).toEqual(['prove 1/3', 'prove 2/3', 'prove 3/3', 'verify 1/3', 'verify 2/3', 'verify 3/3']);
  });

  test('that keeps no format is told by reason, sample and remedy', async () => {
    stub = await startStub({ medianMs: 2, unparseable: 1 });
    const { roles } = await seen(stub.url);
    expect(roles[1]).toMatchObject({
      answered: 0,
      lost: {
        kinds: '3 malformed (no opening phrase)',
        helps: [expect.stringContaining('`flywheel base teach-format`') as string],
      },
    });
  });

  test('that is not there is told after one question', async () => {
    await expect(seen('http://127.0.0.1:9')).rejects.toThrow(
      /no server of model a+ answered for .*127\.0\.0\.1:9: connect ECONN/,
    );
  });

  test('an interruption ends it', async () => {
    stub = await startStub({ medianMs: 60_000, sigma: 0 });
    const controller = new AbortController();
    const asking = seen(stub.url, controller.signal);
    controller.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
  });
});
