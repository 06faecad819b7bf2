import type { Client } from '@temporalio/client';
import { FileStore } from '../../activities/store/files.ts';
import { questionOf } from '../../shared/ids.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { DatasetRef, ProofRow, ScoredAnalysis, ScoredProof, TrainingRow } from '../../shared/records.ts';
import type { FaultyProblem } from '../../shared/review/late.ts';
import type { ReviewRow } from '../../shared/review/reviews.ts';
import * as messages from '../../shared/review/messages.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { expectDeclared } from '../declared.ts';
import { lapWorld, type LapWorld } from '../lapWorld.ts';
import { answerAll } from '../people.ts';

/**
 * People who are late, in two laps without a checker: half of each set is enough, the rest comes after the lap has gone
 * on, or is asked by the next one; and one problem is faulty.
 */
const FIRST = 'main/lap-0001';
const SECOND = 'main/lap-0002';
const SETTINGS = [
  'domain.checker="none"',
  'domain.experts="people"',
  'experts.seats=2',
  'experts.batch=10',
  'experts.enough=0.5',
  'experts.onDeadline="carry"',
  'metaData.laterAnalyses=6',
  'retrainMetaVerifier=true',
  'labelling.contested="ask"',
  'labelling.auditShare=0.5',
].flatMap((field) => ['--set', field]);

let world: LapWorld;
let store: FileStore;
let exits: number[];
let said: string;
/** Questions that one person answered in time, those of the first lap the other one after it; with their numbers. */
const half = new Map<string, number>();
let flagged: string | undefined;

const send = (client: Client, id: string, annotator: string, number: number) =>
  client.workflow
    .getHandle(id)
    .executeUpdate(messages.submitVerdict, { args: [{ annotator, score: ([0, 1, 0.5] as const)[number % 3] ?? 1 }] });

/** Two people: of every third question only one of them says anything in time. */
async function answer(client: Client, id: string, number: number): Promise<void> {
  if (number === 4 && flagged === undefined) {
    flagged = id;
    for (const annotator of ['ada', 'emmy'])
      await client.workflow
        .getHandle(id)
        .executeUpdate(messages.flagProblem, { args: [{ annotator, reason: 'It is false for n = 1.' }] });
    return;
  }
  await send(client, id, 'ada', number);
  if (number % 3 === 2) half.set(id, number);
  else await send(client, id, 'emmy', number);
}

beforeAll(async () => {
  world = await lapWorld();
  store = new FileStore(world.path('store'));
  // People answer between the laps as well.
  await world.start('dev', '--detach').exit;
  const first = world.start('lap', '--preset', 'smoke', ...SETTINGS);
  exits = [await answerAll(world, first.exit, answer)];
  said = first.output();
  const client = await world.client();
  for (const [id, number] of half) await send(client, id, 'emmy', number);
  await client.connection.close();
  const second = world.start('lap', '--from', 'lap-0001');
  exits.push(await answerAll(world, second.exit, answer));
  said += second.output();
}, 1_500_000);
afterAll(() => world.dispose(), 180_000);

const read = <Row>(ref: DatasetRef): Promise<Row[]> => store.readRows<Row>(ref);
const review = ({ reviews }: LapManifest, set: string) => reviews.find(({ setId }) => setId.endsWith(set));

test('the first lap goes on with half of what it asked, and the rest stays open', () => {
  expect([exits, exits.every((exit) => exit === 0) ? '' : said]).toEqual([[0, 0], '']);
  const manifest = world.manifest(FIRST);
  const cold = review(manifest, 'cold-start/experts');
  const { scored = 0, flagged: out = 0, open = 0, unasked = 0 } = cold ?? {};
  expect(scored + out).toBeGreaterThanOrEqual(8);
  expect(open).toBeGreaterThan(0);
  expect(scored + out + open).toBe(16);
  expect(unasked).toBeLessThan(open);
  expectDeclared(manifest);
});

test('what came late joins the second lap’s D_v, with its date, and what was never asked is asked there', async () => {
  const manifest = world.manifest(SECOND);
  expect(manifest.late?.proofs).toBeGreaterThan(0);
  const late = manifest.proofScores.train.filter(({ uri }) => uri.includes('/late/'));
  const rows = (await Promise.all(late.map((part) => read<ScoredProof>(part)))).flat();
  const dated = rows.filter(({ scoredAt }) => scoredAt !== undefined);
  expect(dated).toHaveLength(manifest.late?.proofs ?? 0);
  const asked = world.manifest(FIRST).reviews.map(({ results }) => read<ReviewRow>(results));
  const open = (await Promise.all(asked))
    .flat()
    .filter(({ result }) => result.kind === 'open')
    .map(({ id }) => id);
  for (const { lap } of dated) expect(lap).toBe(SECOND);
  expect(open).toEqual(expect.arrayContaining(dated.map(({ id }) => id)));
  // Those that one person had answered in time are among them, but where their problem validates.
  const halves = [...half.keys()].map((id) => questionOf(id)?.question);
  expect(dated.some(({ id }) => halves.includes(id))).toBe(true);
  expectDeclared(manifest);
});

test('a faulty problem trains nothing from the next stage on, in both laps', async () => {
  const asked = questionOf(flagged ?? '');
  const first = world.manifest(FIRST);
  const [faulty] = await read<FaultyProblem>(first.problems.faulty as DatasetRef);
  expect(faulty).toMatchObject({ question: `${asked?.setId}/${asked?.question}`, reason: 'It is false for n = 1.' });
  for (const manifest of [first, world.manifest(SECOND)]) {
    const trained = manifest.stages.flatMap(({ datasets }) => datasets);
    const rows = (await Promise.all(trained.map((part) => read<TrainingRow>(part)))).flat();
    expect(rows.map(({ meta }) => meta.problem.id)).not.toContain(faulty?.id);
    const labelled = await read<ProofRow>(manifest.labels.proofs);
    expect(labelled.map(({ problem }) => problem.id)).not.toContain(faulty?.id);
  }
});

test('D_mv grows, and the meta-verifier is trained on more than before', async () => {
  const [first, second] = [world.manifest(FIRST), world.manifest(SECOND)];
  const trainedOn = ({ stages }: LapManifest) =>
    stages.find(({ name }) => name === 'metaVerifier')?.datasets.reduce((sum, { rows }) => sum + rows, 0) ?? 0;
  expect(trainedOn(second)).toBeGreaterThan(trainedOn(first));
  const parts = second.analysisScores?.train ?? [];
  const rows = (await Promise.all(parts.map((part) => read<ScoredAnalysis>(part)))).flat();
  expect(rows.filter(({ lap }) => lap === SECOND || lap === FIRST)).toHaveLength(rows.length);
  expect(trainedOn(second)).toBe(rows.length);
});

test('the report and the list of laps say what joined, and what waits for a next lap', async () => {
  const report = await store.readJson<LapReport>(`laps/${SECOND}/report.json`);
  expect(report.late?.proofs).toBe(world.manifest(SECOND).late?.proofs);
  expect(report.late?.faulty).toBe(1);
  const command = world.start('laps');
  expect(await command.exit).toBe(0);
  expect(command.output()).toMatch(/main\/lap-0002: \d+ answers have come since, \d+ questions are open \(\d+ half/);
}, 120_000);
