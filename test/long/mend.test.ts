import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { smoke } from '../../domains/rehearsal/presets.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { lapOf, lapWorkflowId } from '../../shared/ids.ts';
import { PROGRESS_QUERY, type LapProgress } from '../../shared/lap/progress.ts';
import { expectDeclared } from '../declared.ts';
import { allOutcomes, attemptsOf, lapWorld, until, type LapWorld } from '../lapWorld.ts';

const CALM = 'calm/lap-0001';
const LAST = 'main/lap-0007';
const laps = Array.from({ length: 7 }, (_, index) => `main/lap-000${index + 1}`);
let world: LapWorld;
const said: Record<string, string> = {};

/** Tokens of a prompt without a text in it: what is smaller does not start, and with these hardly a row fits. */
const SHORTEST = { verifierV1: 14, metaVerifier: 17, generator: 11 };
/** Every value that makes a phase impossible, and the one that mends it. */
const IMPOSSIBLE = {
  prove: 'sampling.prove.maxTokens=1',
  long: (stage: keyof typeof SHORTEST) => `stages.${stage}.maxPromptTokens=${SHORTEST[stage]}`,
};
const right = {
  prove: `sampling.prove.maxTokens=${smoke.sampling.prove.maxTokens}`,
  long: (stage: keyof typeof smoke.stages) => `stages.${stage}.maxPromptTokens=${smoke.stages[stage].maxPromptTokens}`,
};

const start = (...args: string[]) => world.start('lap', '--keep', ...args);
const file = (...parts: string[]) => world.path('store', ...parts);

/** Runs a lap to its end, which is to be a failure with a remedy. */
async function fails(lap: string, ...args: string[]): Promise<void> {
  const command = start(...args);
  const exit = await command.exit;
  said[lap] = command.output();
  if (exit !== 1) throw new Error(`Expected ${lap} to fail, got exit code ${exit}:\n${said[lap]}`);
}

async function ends(lap: string, how: 'cancel' | 'terminate', when: () => boolean, ...args: string[]): Promise<void> {
  const command = start(...args);
  await until(() => when() || /failed|done/.test(command.output()));
  const client = await world.client();
  await client.workflow.getHandle(lapWorkflowId('main'))[how]();
  await command.exit;
  await client.connection.close();
  said[lap] = command.output();
}

/**
 * An undisturbed lap; then one whose cold start, verifier v1, meta-verifier and generator cannot work, one after the
 * other, that is terminated in a training, cancelled amid its labels, and killed at -9 while it takes over; each time
 * it is mended.
 */
beforeAll(async () => {
  world = await lapWorld();
  const calm = start('--preset', 'smoke', '--run', 'calm');
  if ((await calm.exit) !== 0) throw new Error(`The undisturbed lap failed:\n${calm.output()}`);
  const set = (...fields: string[]) => fields.flatMap((field) => ['--set', field]);
  const { prove, long } = IMPOSSIBLE;
  await fails('main/lap-0001', '--preset', 'smoke', ...set(prove, long('verifierV1'), long('metaVerifier')));
  await fails('main/lap-0002', '--mend', 'lap-0001', ...set(right.prove));
  await fails('main/lap-0003', '--mend', 'lap-0002', ...set(right.long('verifierV1')));
  await fails('main/lap-0004', '--mend', 'lap-0003', ...set(right.long('metaVerifier'), long('generator')));
  const metrics = file('jobs', 'main/lap-0005', 'self-verification', 'metrics.jsonl');
  const trains = () => existsSync(metrics) && readFileSync(metrics, 'utf8').includes('\n');
  await ends('main/lap-0005', 'terminate', trains, '--mend', 'lap-0004', ...set(right.long('generator')));
  const labels = file('ledger', 'main/lap-0006', 'label', 'verdicts', 'plan.json');
  await ends('main/lap-0006', 'cancel', () => existsSync(labels), '--mend', 'lap-0005');
  const last = start('--mend', 'main/lap-0006');
  await until(() => existsSync(file('ledger', LAST, 'cold-start', 'draft')));
  await world.kill('run', 'worker.json');
  if ((await last.exit) !== 0) throw new Error(`The lap that was mended last failed:\n${last.output()}`);
  said[LAST] = last.output();
}, 1_800_000);

afterAll(() => world.dispose(), 120_000);

test('each failure names its lap and how to mend it', () => {
  for (const lap of laps.slice(0, 6)) expect(said[lap]).toContain(`flywheel lap --mend ${lap} --set path=value`);
  expect(said['main/lap-0002']).toMatch(/rows are too long/);
});

test('the mended lap comes to what an undisturbed one comes to, byte for byte', () => {
  const [calm, mended] = [world.manifest(CALM), world.manifest(LAST)];
  expect(mended.stages.map(({ name, checkpoint }) => [name, checkpoint.sha256])).toEqual(
    calm.stages.map(({ name, checkpoint }) => [name, checkpoint.sha256]),
  );
  expect(mended.labels.set.decisions.sha256).toBe(calm.labels.set.decisions.sha256);
  expect(mended.labels.set.labels).toEqual(calm.labels.set.labels);
  // Rows say which lap added them.
  const textsOf = (folder: string, lap: string) =>
    Object.fromEntries(
      readdirSync(file(folder, lap), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => [name, readFileSync(path.join(file(folder, lap), name), 'utf8').replaceAll(lap, 'LAP')]),
    );
  for (const folder of ['datasets', 'labels']) expect(textsOf(folder, LAST)).toEqual(textsOf(folder, CALM));
  expectDeclared(mended);
});

test('no call of the chain is paid twice, and all that the last lap has was paid for once', () => {
  const paid = laps.flatMap((lap) =>
    allOutcomes(world, lap).filter(({ takenFrom, kind }) => takenFrom === undefined && kind !== 'failed'),
  );
  const keys = new Set(paid.map(({ key }) => key));
  expect(keys.size).toBe(paid.length);
  const last = allOutcomes(world, LAST);
  expect(last.filter(({ key }) => !keys.has(key))).toEqual([]);
  for (const { takenFrom } of last) if (takenFrom !== undefined) expect(laps).toContain(takenFrom);
});

test('trainings that ended were trained once, the terminated one went on from its state or had ended by itself', () => {
  const { stages, mended } = world.manifest(LAST);
  expect(mended).toEqual(laps.slice(0, 6).toReversed());
  expect(stages.map(({ taken }) => taken?.kind)).toEqual(['result', 'result', 'result', 'result', 'result']);
  expect(stages.map(({ taken }) => lapOf(taken?.from ?? ''))).toEqual(Array.from({ length: 5 }, () => 'main/lap-0006'));
  for (const stage of ['verifier-v1', 'meta-verifier', 'verifier-v2', 'generator', 'self-verification'])
    expect([stage, attemptsOf(world, `${LAST}/${stage}`)]).toEqual([stage, 0]);
});

test('the report says what was taken over, and counts none of it as use', () => {
  const { mended, ledgerTotal } = JSON.parse(readFileSync(file('laps', LAST, 'report.json'), 'utf8')) as LapReport;
  const own = allOutcomes(world, LAST).filter(({ takenFrom }) => takenFrom === undefined);
  expect((mended?.calls.of ?? 0) - (mended?.calls.taken ?? 0)).toBe(own.length);
  expect(ledgerTotal.used.calls).toBe(own.length);
  expect(mended?.trainings.taken).toHaveLength(5);
  expect(readFileSync(file('laps', LAST, 'report.html'), 'utf8')).toContain('Mended main/lap-0006, which mended');
  expect(said[LAST]).toContain('Mended main/lap-0006');
});

test('lineage, comparison and the list of laps know a mended lap as any', async () => {
  const told: readonly (readonly [string, ...string[]])[] = [
    ['by importCheckpoint', 'lineage', LAST],
    [LAST, 'lineage', `${LAST}/verifier-v2`],
    ['b: main/lap-0007', 'compare', CALM, LAST],
    [LAST, 'laps'],
  ];
  for (const [text, ...args] of told) {
    const command = world.start(...args);
    expect([args, await command.exit, command.output()]).toEqual([args, 0, expect.stringContaining(text)]);
  }
});

test('a lap goes on from a mended one as from any, and in the Web UI its query says what it mends', async () => {
  const refused = world.start('lap', '--mend', LAST);
  expect([await refused.exit, refused.output()]).toEqual([2, expect.stringContaining(`--from ${LAST}`)]);
  const plan = world.start('plan', '--from', LAST, '--json');
  expect([await plan.exit, plan.output()]).toEqual([0, expect.stringContaining('"measured":true')]);
  const client = await world.client();
  const progress = await client.workflow.getHandle(lapWorkflowId('main')).query<LapProgress>(PROGRESS_QUERY);
  expect(progress).toMatchObject({ lap: LAST, mends: 'main/lap-0006' });
  await client.connection.close();
});
