import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReviewLog } from '../../activities/reviews/log.ts';
import { FileStore } from '../../activities/store/files.ts';
import { proofIn } from '../../activities/datasets/proofs.ts';
import { readOutcomes } from '../../activities/sets/outcomes.ts';
import { rehearsalChecker } from '../../domains/rehearsal/checker.ts';
import type { Measured } from '../../shared/statistics/figure.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { lapName } from '../../shared/ids.ts';
import type { DatasetRef, Problem, ProofRow, ScoredProof } from '../../shared/records.ts';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import * as messages from '../../shared/review/messages.ts';
import { randomFrom, seedOf } from '../../shared/seeds.ts';
import { SCORES, type Score } from '../../shared/scores.ts';
import { expectDeclared } from '../declared.ts';
import { lapWorld, type LapWorld } from '../lapWorld.ts';
import { answerAll } from '../people.ts';

/**
 * Three laps of a team that has no checker, with annotators who are late, disagree, flag and err at stated rates. The
 * truth is known to this test alone: what the reports say by people has to hold it.
 */
const LAPS = [1, 2, 3].map((number) => lapName('main', number));
const RATES = { err: 0.08, late: 0.15, flag: 0.04 };
const LATE_MS = 20_000;
const LEAD = 'kurt';

const SETTINGS = [
  'domain.checker="none"',
  'domain.experts="people"',
  'domain.settings.train=24',
  'domain.settings.heldOut=48',
  'domain.settings.next=60',
  'coldStart.problems=24',
  'coldStart.expertProofs=36',
  'experts.batch=60',
  'experts.enough=0.8',
  'experts.onDeadline="carry"',
  'metaData.laterAnalyses=6',
  'labelling.candidates=48',
  'labelling.proofs=48',
  'labelling.auditShare=0.5',
  'labelling.rule="cumulative"',
  'audit={"minPrecision":0.3}',
  'evaluation.verdictsPerProof=4',
  'evaluation.humanProofs=30',
].flatMap((field) => ['--set', field]);

interface Question {
  readonly id: string;
  readonly problem: Problem;
  readonly proof: string;
  readonly analysis?: string;
}

let world: LapWorld;
let store: FileStore;
let exit: number;
let said: string;
const late: Promise<unknown>[] = [];
const subjects = new Map<string, Promise<Question[]>>();
const came = { answered: 0, disagreements: 0, late: 0, flags: 0, refused: 0 };

const truthOf = ({ problem, proof, analysis }: Question): Score =>
  analysis === undefined
    ? rehearsalChecker.proofScore(problem, proof)
    : rehearsalChecker.analysis(problem, proof, analysis).quality;

/** Of people who answer after the laps as well. */
let people: Client | undefined;

async function answer(_: Client, id: string): Promise<void> {
  people ??= await world.client();
  const handle = people.workflow.getHandle(id);
  const { question } = await handle.query(messages.reviewProgress);
  const { uri } = question.subject;
  if (!subjects.has(uri)) subjects.set(uri, store.readRows<Question>(question.subject));
  const row = (await subjects.get(uri))?.[question.row];
  if (row === undefined) throw new Error(`Expected row ${question.row} of ${uri}`);
  const random = randomFrom(seedOf('people', id));
  const truth = truthOf(row);
  const others = SCORES.filter((score) => score !== truth);
  const opinion = (): Score => (random() < RATES.err ? (others[Math.floor(random() * others.length)] as Score) : truth);
  const [first, second] = [opinion(), opinion()];
  const [flags, isLate] = [random() < RATES.flag, random() < RATES.late];
  const decides = opinion();
  const send = (annotator: string, score: Score) =>
    handle.executeUpdate(messages.submitVerdict, { args: [{ annotator, score }] });
  const rest = async (): Promise<void> => {
    await send('emmy', second);
    if (!flags && first === second) return;
    came.disagreements += 1;
    await handle.executeUpdate(messages.adjudicate, { args: [{ annotator: LEAD, score: decides }] });
  };
  if (flags) {
    came.flags += 1;
    await handle.executeUpdate(messages.flagProblem, { args: [{ annotator: 'ada', reason: 'I think it is false.' }] });
  } else await send('ada', first);
  came.answered += 1;
  if (!isLate) return rest();
  came.late += 1;
  // Of a question that was withdrawn nobody hears.
  late.push(
    sleep(LATE_MS)
      .then(rest)
      .catch(() => void (came.refused += 1)),
  );
}

beforeAll(async () => {
  world = await lapWorld();
  store = new FileStore(world.path('store'));
  const command = world.start('lap', '--preset', 'smoke', '--laps', '3', '--keep', ...SETTINGS);
  exit = await answerAll(world, command.exit, answer);
  said = command.output();
  await Promise.all(late);
  await people?.connection.close();
  process.stderr.write(`${JSON.stringify(came)}\n`);
}, 2_400_000);
afterAll(() => world.dispose(), 180_000);

const read = <Row>(ref: DatasetRef): Promise<Row[]> => store.readRows<Row>(ref);
const reportOf = (lap: string): Promise<LapReport> => store.readJson<LapReport>(`laps/${lap}/report.json`);

test('three laps end by people who are late, disagree, flag and err', () => {
  expect([exit, exit === 0 ? '' : said]).toEqual([0, '']);
  for (const lap of LAPS) expectDeclared(world.manifest(lap));
  expect(Math.min(came.disagreements, came.late, came.flags)).toBeGreaterThan(3);
});

test('nothing that people gave is lost: what came late is in a later lap’s D_v', async () => {
  const [first = '', , last = ''] = LAPS;
  const joined = LAPS.map((lap) => world.manifest(lap).late?.proofs ?? 0);
  expect(joined[0]).toBe(0);
  expect((joined[1] ?? 0) + (joined[2] ?? 0)).toBeGreaterThan(0);
  const { proofScores, startedAt, problems } = world.manifest(last);
  // Of problems that validate, what comes late is kept beside, and trains nothing.
  const validating = new Set((await read<Problem>(problems.validation)).map(({ id }) => id));
  const parts = await Promise.all(
    [...proofScores.train, proofScores.validation].map((part) => read<ScoredProof>(part)),
  );
  const known = new Set(parts.flat().map(({ id }) => id));
  const lost: string[] = [];
  const log = new ReviewLog(store);
  const cold = world.manifest(first).reviews.find(({ kind }) => kind === 'scoreProof');
  const held = new Set<string>();
  for (const { id, problem } of await read<ProofRow>(cold?.subject as DatasetRef)) {
    const ended = (await log.read(cold?.setId ?? '', id)).find(({ kind }) => kind === 'result');
    if (!ended || ended.at >= startedAt || known.has(id)) continue;
    if (validating.has(problem.id)) held.add(id);
    else lost.push(id);
  }
  expect(lost).toEqual([]);
  const heldBack = LAPS.map((lap) => world.manifest(lap).late?.heldBack ?? 0);
  expect(heldBack.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(held.size);
});

/** The mean true score of the final generator's answers to the held-out problems. */
async function trueScore(lap: string): Promise<number> {
  const { evaluation, problems } = world.manifest(lap);
  const set = evaluation.sets.findLast(
    ({ subject, model, decoding }) =>
      subject === 'selfVerification' && model === 'selfVerification' && decoding === 'sampled',
  );
  const byId = new Map((await read<Problem>(problems.heldOut)).map((problem) => [problem.id, problem]));
  let [sum, count] = [0, 0];
  for await (const outcome of readOutcomes(store, set?.setId ?? '')) {
    const [problem, answered] = [byId.get(outcome.row), proofIn(outcome)];
    count += 1;
    if (problem && answered) sum += rehearsalChecker.proofScore(problem, answered.proof);
  }
  return sum / count;
}

/** The true precision of a lap's automatic labels. */
async function truePrecision(lap: string): Promise<number> {
  const { labels } = world.manifest(lap);
  const proofs = new Map((await read<ProofRow>(labels.proofs)).map((row) => [row.id, row]));
  const right = (await read<LabelRow>(labels.set.decisions)).flatMap(({ proofId, decision }) => {
    const row = proofs.get(proofId);
    return decision.kind === 'labelled' && row
      ? [decision.score === rehearsalChecker.proofScore(row.problem, row.proof) ? 1 : 0]
      : [];
  });
  return right.reduce((sum: number, one) => sum + one, 0) / right.length;
}

test('the intervals that the reports give by people hold the truth, which no lap saw', async () => {
  const rows: { lap: string; figure: string; low: number; high: number; truth: number }[] = [];
  const add = (lap: string, figure: string, interval: Measured | null | undefined, truth: number) =>
    interval && rows.push({ lap, figure, low: interval.low, high: interval.high, truth });
  for (const lap of LAPS) {
    const { judged, labels } = await reportOf(lap);
    add(lap, 'score of the held-out answers', judged?.people?.score, await trueScore(lap));
    add(lap, 'precision of the labels', labels.auditedPrecision, await truePrecision(lap));
  }
  const held = rows.filter(({ low, high, truth }) => low <= truth && truth <= high);
  process.stderr.write(`${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
  expect(rows.length).toBeGreaterThanOrEqual(5);
  // At 95 % each: one of six may miss, hardly two.
  expect(held.length).toBeGreaterThanOrEqual(rows.length - 1);
});
