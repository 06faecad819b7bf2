import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createDatasetActivities } from '../../../activities/datasets/activities.ts';
import { wordsOf } from '../../../activities/datasets/leadsWord.ts';
import { createReviewActivities } from '../../../activities/reviews/activities.ts';
import { TemporalDesk } from '../../../activities/reviews/desk.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { sendWord } from '../../../cli/labels/sendWord.ts';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import { programOf } from '../../../shared/domain.ts';
import type { Notice } from '../../../shared/lap/notices.ts';
import type { LapProgress } from '../../../shared/lap/progress.ts';
import { QUEUES } from '../../../shared/queues.ts';
import type { LabelAudit } from '../../../shared/label/audit.ts';
import type { scaleVerification } from '../../../workflows/lap/scaleVerification.ts';
import { findTemporalCli } from '../../../workers/stack/temporalCli.ts';
import type { LabelSetInput, SampleSetInput } from '../../../shared/sampling/sets.ts';
import type { ScoredProof } from '../../../shared/records.ts';
import {
  emptySet,
  labelRow,
  outcome,
  problem,
  proofRow,
  provedText,
  selfVerifiedText,
  toyChecker,
  writeSet,
} from '../../reports/figures/lapFixture.ts';

jest.setTimeout(120_000);

let env: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
let folder: string;
let store: FileStore;
let number = 0;
/** What was told outside. */
const told: Notice[] = [];

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-audits-'));
  store = new FileStore(folder);
  env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTemporalCli() },
      searchAttributes: [defineSearchAttributeKey('FlywheelPhase', 'KEYWORD')],
    },
  });
  worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: QUEUES.orchestrator,
    workflowsPath: path.resolve('test/workflows/lap/audited.ts'),
    activities: {
      // FAKES of models: right proofs, all of them labelled 0.
      writeProofs: async ({ setId, rows, task }: SampleSetInput) => {
        const ids = await store.rowsById<{ id: string }>(rows);
        await writeSet(
          store,
          setId,
          Array.from(ids.keys(), (id) => outcome(id, task, selfVerifiedText(1, 1))),
        );
        return { ...emptySet(setId), rows: ids.size };
      },
      labelAll: async ({ setId, proofs }: LabelSetInput) => {
        const rows = await store.readRows<{ id: string }>(proofs);
        const labels = { total: rows.length, auto: rows.length, contested: 0, unresolved: 0 };
        const decided = labelRow({ kind: 'labelled', score: 0 } as never);
        const decisions = rows.map(({ id }) => ({ proofId: id, ...decided }));
        return {
          ...emptySet(setId),
          labels,
          decisions: await store.writeJsonl(`labels/${setId}/labels.jsonl`, decisions),
        };
      },
      postNotice: async (notice: Notice) => {
        told.push(notice);
        return { sent: true };
      },
      ...createDatasetActivities({ store, checkers: () => toyChecker }),
      ...createReviewActivities({
        store,
        desk: () => Promise.resolve(new TemporalDesk(env.client, store)),
        expertOf: () => programOf(toyChecker),
      }),
    },
  });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await env.teardown();
  await rm(folder, { recursive: true });
});

/** A lap with a recipe that lets audits decide. */
function opened(onFailure: 'pause' | 'goOn') {
  number += 1;
  const audit = { minPrecision: 0.95, onFailure, rewardedProofs: 12 };
  const recipe = { ...smoke, audit, experts: { ...smoke.experts, seats: 1 } };
  return { lap: `run${number}/lap-0001`, turn: 1, seed: 1, recipe };
}
const start = (workflow: string, workflowId: string, args: unknown[]): Promise<WorkflowHandle> =>
  env.client.workflow.start(workflow, { taskQueue: QUEUES.orchestrator, workflowId, args });
const warningsOf = async (lap: WorkflowHandle) => (await lap.query<LapProgress>('progress')).warnings ?? [];
async function warned(lap: WorkflowHandle): Promise<readonly string[]> {
  for (;;) {
    const warnings = await warningsOf(lap);
    if (warnings.length > 0) return warnings;
    await sleep(50);
  }
}

describe('a label 0 that people gave to none of twelve of its proofs', () => {
  const run = async (onFailure: 'pause' | 'goOn') => {
    const lap = opened(onFailure);
    const proofs = Array.from({ length: 20 }, (_, index) => proofRow(index, 1));
    const at = (name: string) => `datasets/${lap.lap}/${name}.jsonl`;
    const asked = {
      lap: lap.lap,
      audit: lap.recipe.audit,
      proofs: await store.writeJsonl(at('proofs'), proofs),
      decisions: await store.writeJsonl(
        at('decisions'),
        proofs.map(({ id }) => ({ proofId: id, ...labelRow({ kind: 'labelled', score: 0 } as never) })),
      ),
      results: [
        await store.writeJsonl(
          at('results'),
          proofs.slice(0, 12).map(({ id }) => ({ id, result: { kind: 'scored', score: 1, source: 'expert' } })),
        ),
      ],
    };
    const workflowId = `lap-${lap.lap.slice(0, lap.lap.indexOf('/'))}`;
    return { ...lap, handle: await start('lapOfLabels', workflowId, [lap, asked]), part: `${lap.lap}/label` };
  };
  const verdicts = (labels: unknown) => (labels as LabelAudit[]).map(({ verdict, said }) => [verdict, said?.use]);

  test('is held back, and the lap goes on, where the recipe says so', async () => {
    const { lap, handle } = await run('goOn');
    expect(verdicts(await handle.result())).toEqual([
      ['below', undefined],
      ['notAudited', undefined],
      ['notAudited', undefined],
    ]);
    while (told.every(({ about }) => about !== lap)) await sleep(50);
    expect(told.filter(({ about }) => about === lap)).toEqual([
      { event: 'labels.heldBack', about: lap, labels: ['0'] },
    ]);
  });

  test.each([true, false])('lets the lap wait, which says how to answer, until a lead has (use: %s)', async (use) => {
    const { lap, handle, part } = await run('pause');
    const [warning] = await warned(handle);
    expect(warning).toMatch(
      /^label 0: people gave 0\.00 \(0\.00–0\.24\) of 12 audited proofs the same score, less than/,
    );
    expect(warning).toContain(`\`flywheel labels release ${lap} --score 0 --by YOU\``);
    expect(warning).toContain('the lap waits');
    while (told.every(({ about }) => about !== lap)) await sleep(50);
    expect(told.filter(({ about }) => about === lap)).toEqual([
      { event: 'lap.waiting', about: lap, waitsFor: ['label 0'] },
    ]);

    const word = { about: 'label 0', use, annotator: 'ada' };
    const expected = 'Expected {"annotator": "you", "about": "label 0", "use": true or false}, got ';
    for (const wrong of [{ ...word, about: 'label 1' }, { ...word, use: 'yes' }, { ...word, annotator: '' }, null])
      await expect(sendWord(env.client, part, wrong as never)).rejects.toThrow(expected + JSON.stringify(wrong));

    await sendWord(env.client, part, word);
    expect(verdicts(await handle.result())[0]).toEqual(['below', use]);
    expect((await wordsOf(store, lap)).get('label 0')).toMatchObject({ use, annotator: 'ada' });
    await expect(sendWord(env.client, part, word)).rejects.toThrow('no workflow');
  });
});

test('phase 4 keeps what audits decided in its record, and D_v has people’s score of what they audited', async () => {
  const lap = opened('goOn');
  const labelling = { ...lap.recipe.labelling, proofs: 12, candidates: 12, proofsPerProblem: 1, auditShare: 0.5 };
  const next = await store.writeJsonl(
    `datasets/${lap.lap}/next.jsonl`,
    Array.from({ length: 12 }, (_, index) => problem(index)),
  );
  const model = { uri: 'checkpoints/a', sha256: 'a' };
  const prompts = { name: 'paper', sha256: 'b' };
  const given = { ...lap, recipe: { ...lap.recipe, labelling }, problems: { next }, prompts };
  const phase = await start('scaleVerification', `${lap.lap}/label`, [
    { opened: given, generator: model, verifier: model, metaVerifier: model },
  ]);
  const { grown, labels } = (await phase.result()) as Awaited<ReturnType<typeof scaleVerification>>;
  expect(labels).toMatchObject({
    corrected: 6,
    audits: [{ score: 0, labels: 12, precision: { value: 0, n: 6 }, verdict: 'below', by: 'the program' }, {}, {}],
    held: [{ score: 0, rows: { rows: 6 } }],
    audited: [{ rows: 6 }],
  });
  const rows = await store.readRows<ScoredProof>(grown);
  expect(rows.map(({ score, source }) => [score, source])).toEqual(Array.from({ length: 6 }, () => [1, 'program']));
});

describe('proofs that a generator was rewarded for', () => {
  const run = async (onFailure: 'pause' | 'goOn', worth: 0 | 1) => {
    const lap = opened(onFailure);
    const jobKey = `${lap.lap}/generator`;
    const items = Array.from({ length: 12 }, (_, index) => index);
    const stage = {
      name: 'generator',
      jobKey,
      datasets: [
        await store.writeJsonl(
          `datasets/${jobKey}/1-prove.jsonl`,
          items.map((index) => ({ itemId: `i${index}`, task: 'prove', prompt: [], meta: { problem: problem(index) } })),
        ),
      ],
    };
    await store.writeJson(`rewards/${jobKey}/spec.json`, { useMetaReward: false, maxRevisions: 2 });
    await store.writeJsonl(
      `rewards/${jobKey}/rewards.jsonl`,
      items.map((index) => ({
        task: 'prove',
        step: 1,
        responseSha256: `${index}${'0'.repeat(62)}`,
        response: provedText(worth),
        verdicts: { proof: [1] },
        answer: { itemId: `i${index}`, status: 'scored', reward: 1, components: { format: 1 }, imitatesVerdict: false },
      })),
    );
    const workflowId = `lap-${lap.lap.slice(0, lap.lap.indexOf('/'))}`;
    return { ...lap, workflowId, handle: await start('lapOfStage', workflowId, [lap, stage]) };
  };

  test.each(['pause', 'goOn'] as const)(
    'are asked about, and people who agree let the lap go on (%s)',
    async (policy) => {
      const { lap, handle } = await run(policy, 1);
      expect(await handle.result()).toEqual([`${lap}/generator/audit: 12`]);
      expect(await warningsOf(handle)).toEqual([]);
    },
  );

  test('let the lap wait for a lead where people do not agree, who may accept them', async () => {
    const { lap, handle, workflowId } = await run('pause', 0);
    const [warning] = await warned(handle);
    expect(warning).toMatch(/^generator: reward 1\.00, by what the program gave, blindly, 0\.00 .* of 12/);
    expect(warning).toContain(`\`flywheel rewards accept ${lap} --stage generator --by YOU\` goes on`);
    await sendWord(env.client, workflowId, { about: 'generator', use: true, annotator: 'ada' });
    expect(await handle.result()).toEqual([`${lap}/generator/audit: 12`]);
  });

  test('end the lap where a lead says so', async () => {
    const { handle, workflowId } = await run('pause', 0);
    await warned(handle);
    await sendWord(env.client, workflowId, { about: 'generator', use: false, annotator: 'ada' });
    const { cause } = (await handle.result().catch((error: WorkflowFailedError) => error)) as WorkflowFailedError;
    expect(cause).toMatchObject({
      type: 'StoppedByAudit',
      message: expect.stringMatching(/^generator: reward 1/) as string,
    });
  });
});
