import { uri, type Place } from '../../shared/ids.ts';
import { isRecord, show } from '../../shared/recipe/issues.ts';
import type { TruthFacts } from '../../shared/products/evaluation.ts';
import type { EvaluateInput, OpenedEvaluation } from '../../shared/products/evaluationInput.ts';
import { evaluateSchema } from '../../shared/products/evaluationSchema.ts';
import type { AskedModel } from '../../shared/products/models.ts';
import { modelKey, type DatasetRef, type ProofRow, type ScoredProof } from '../../shared/records.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { isScore } from '../../shared/scores.ts';
import { byScore } from '../../shared/statistics/figure.ts';
import { proofIn } from '../datasets/proofs.ts';
import { readOutcomes } from '../sets/outcomes.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import {
  lapAsked,
  modelAsked,
  openProduct,
  readInput,
  refuseUnpriced,
  refusing,
  samplingAsked,
  SMALL_SAMPLING,
  type ProductOwner,
  type ProductWorld,
} from './open.ts';
import { problemsIn } from './solve.ts';

/** Paper 3.3.1: 8 proofs a problem, the majority of 8 analyses of each. */
const PROOFS = 8;
const ANALYSES = 8;
/** Calls of a shard, about, and shards of a set at most. Ours: what a person sees moves with each. */
const SHARD_CALLS = 256;
const MOST_SHARDS = 200;
/** Graders named in words. */
const NAMED = 3;

/**
 * Reads the input of an `evaluate`, refuses what cannot run, names it and lays out its rows.
 * @throws `InvalidProduct` or `ProductOpen`: the same would be refused again.
 */
export function openEvaluation(
  world: ProductWorld,
  input: EvaluateInput,
  owner: ProductOwner,
): Promise<OpenedEvaluation> {
  const { store } = world;
  return refusing(async () => {
    const { asked, file, lap, other, models, judges, sampling, n, m, proofsPerProblem } = await readEvaluation(
      world,
      input,
    );
    const { subject = 'verifier', attempts = 1 } = asked;
    const graded = asked.proofs === undefined ? undefined : await gradedRows(store, file);
    const truth = graded && truthOf(asked, file, graded);
    const rows: readonly (ScoredProof | SetRow)[] = graded ?? (await problemsIn(store, file));
    const opened = await openProduct(world, {
      kind: 'evaluate',
      input: asked,
      file,
      lap: lap ?? other,
      sampling,
      owner,
    });
    const shardRows = Math.max(1, Math.floor(SHARD_CALLS / (n * (1 + m))), Math.ceil(rows.length / MOST_SHARDS));
    const made = madeBy('openEvaluation', { rows: await store.refOf(file) });
    return {
      ...opened,
      engine: { ...opened.engine, shardRows },
      subject,
      rows: await store.writeJsonl(uri.dataset(opened.place, 'rows'), rows, made),
      models,
      judges,
      ...(truth && { truth }),
      n,
      m,
      proofsPerProblem,
      attempts,
    };
  });
}

/** What an input asks for, before anything of it is done. @throws what is wrong with it. */
export async function readEvaluation(world: ProductWorld, input: EvaluateInput) {
  const { asked, file } = evaluationAsked(input);
  const lap = await lapAsked(world.store, asked);
  const other = await lapAsked(world.store, { lap: asked.againstLap });
  const { subject = 'verifier', analyses: n = ANALYSES, metaAnalyses: m = 0, proofsPerProblem = PROOFS } = asked;
  const byPeople = subject === 'generator' && asked.proofs !== undefined;
  const models = byPeople ? [] : await modelsOf(world, asked, lap, other);
  const judges = byPeople ? [] : await judgesOf(world, asked, lap, models);
  refuseUnpriced(asked, [...models, ...(subject === 'generator' || m > 0 ? judges : [])]);
  const sampling = samplingAsked(asked, lap ?? other, SMALL_SAMPLING);
  return { asked, file, lap, other, models, judges, sampling, n, m, proofsPerProblem };
}

/** What is asked for, and on which file. @throws `InvalidProduct`; an error that names a field. */
export function evaluationAsked(input: unknown): { readonly asked: EvaluateInput; readonly file: string } {
  const asked = readInput('evaluate', evaluateSchema, input);
  return { asked, file: fileOf(asked) };
}

/** The file that is evaluated on. @throws naming a field that does not go with the subject. */
function fileOf({ subject = 'verifier', ...asked }: EvaluateInput): string {
  const { proofs, problems, generator, verifier, against, againstLap, lap } = asked;
  const none = (field: string, value: unknown, why: string): void => {
    if (value !== undefined) throw new Error(`${field}: expected none, since ${why}, got ${show(value)}`);
  };
  if (subject === 'verifier') {
    none('problems', problems, 'a verifier is held against graded proofs (proofs)');
    none('generator', generator, 'a verifier is measured');
    none('proofsPerProblem', asked.proofsPerProblem, 'a verifier is measured');
  } else {
    none('metaAnalyses', asked.metaAnalyses, 'a generator is measured');
    none('metaVerifier', asked.metaVerifier, 'a generator is measured');
    if (proofs !== undefined) {
      none('problems', problems, 'people have graded its proofs already (proofs)');
      for (const [field, value] of Object.entries({ generator, verifier, against, againstLap, lap }))
        none(field, value, "people's grades of its proofs are read, and no model is asked");
    } else none('truth', asked.truth, 'nobody has graded what a generator is about to write');
  }
  if (against !== undefined) none('againstLap', againstLap, 'against names the second model');
  const file = subject === 'verifier' ? proofs : (proofs ?? problems);
  if (file !== undefined) return file;
  const expected =
    subject === 'verifier'
      ? 'proofs: expected a file of the store with graded proofs (`flywheel import proofs`)'
      : 'problems: expected a file of the store with problems (`flywheel import problems`), or graded proofs (proofs)';
  throw new Error(`${expected}, got nothing`);
}

async function modelsOf(
  world: ProductWorld,
  { subject = 'verifier', ...asked }: EvaluateInput,
  lap: LapManifest | undefined,
  other: LapManifest | undefined,
): Promise<readonly AskedModel[]> {
  const first = await modelAsked(world, subject, asked[subject], lap);
  if (asked.against === undefined && other === undefined) return [first];
  const second = await modelAsked(world, subject, asked.against, other);
  if (modelKey(first.ref) === modelKey(second.ref) && isOneServer(first, second))
    throw new Error(
      `${asked.against === undefined ? 'againstLap' : 'against'}: expected another model than ${first.name}, got the ` +
        'same: a model that answers differently by now is another by its revision',
    );
  return first.name === second.name ? [first, second].map(fullyNamed) : [first, second];
}

/** Told apart from another of the same name. */
const fullyNamed = ({ ref, ...model }: AskedModel): AskedModel =>
  'endpoint' in ref ? { ref, ...model, name: `${modelKey(ref)} of ${ref.endpoint}` } : { ref, ...model };

const isOneServer = ({ ref: a }: AskedModel, { ref: b }: AskedModel): boolean =>
  !('endpoint' in a && 'endpoint' in b) || a.endpoint === b.endpoint;

/** Who writes the meta-analyses of a verifier's analyses; who judges a generator's proofs. */
async function judgesOf(
  world: ProductWorld,
  { subject = 'verifier', verifier, metaVerifier }: EvaluateInput,
  lap: LapManifest | undefined,
  models: readonly AskedModel[],
): Promise<readonly AskedModel[]> {
  if (subject === 'generator') return [await modelAsked(world, 'verifier', verifier, lap)];
  const one = metaVerifier && (await modelAsked(world, 'metaVerifier', metaVerifier, undefined));
  return models.map((model) => one ?? { ...model, ref: { ...model.ref, role: 'metaVerifier' } });
}

/** @throws naming the row that is no scored proof. */
async function gradedRows(store: ArtifactStore, file: string): Promise<ScoredProof[]> {
  if ((await store.stat(file).catch(() => undefined)) === undefined)
    throw new Error(
      `proofs: expected a file of the store such as imports/proofs/0123456789ab.jsonl, got ${JSON.stringify(file)}, ` +
        'which is not there: `flywheel import proofs` puts one into it',
    );
  const rows: ScoredProof[] = [];
  const ids = new Set<string>();
  for await (const row of store.readJsonl<unknown>(await store.refOf(file))) {
    const where = `proofs: row ${rows.length + 1} of ${file}`;
    if (!isScoredProof(row))
      throw new Error(
        `${where}: expected a scored proof, as \`flywheel import proofs\` makes them, with id, problem.id, ` +
          `problem.statement, proof and a score of 0, 0.5 or 1, got ${show(row)}`,
      );
    if (ids.has(row.id)) throw new Error(`${where}: expected an id of its own, got ${JSON.stringify(row.id)} again`);
    ids.add(row.id);
    rows.push(row);
  }
  if (rows.length === 0) throw new Error(`proofs: expected at least one graded proof, got none in ${file}`);
  return rows;
}

function isScoredProof(row: unknown): row is ScoredProof {
  if (!isRecord(row) || !isRecord(row['problem'])) return false;
  const texts = [row['id'], row['proof'], row['problem']['id'], row['problem']['statement']];
  return isScore(row['score']) && texts.every((text) => typeof text === 'string' && text !== '');
}

/** Who graded, and how that is read: as the input says, else as the rows say. */
function truthOf({ truth = {} }: EvaluateInput, file: string, rows: readonly ScoredProof[]): TruthFacts {
  const { isBinary = rows.every(({ score }) => score !== 0.5), half } = truth;
  if (!isBinary && half !== undefined)
    throw new Error(`truth.half: expected none, since grades of 0.5 are there to be met, got ${half}`);
  return {
    by: truth.by ?? gradersIn(rows),
    set: truth.set ?? file,
    scale: truth.scale ?? '0, 0.5 and 1 as they are',
    isBinary,
    ...(isBinary && { half: half ?? 0 }),
    proofs: rows.length,
    problems: new Set(rows.map(({ problem }) => problem.id)).size,
    byScore: byScore((score) => rows.filter((row) => row.score === score).length),
    leftOut: truth.leftOut ?? {},
  };
}

function gradersIn(rows: readonly ScoredProof[]): string {
  const counts = new Map<string, number>();
  for (const { grader, source } of rows) {
    const by = grader ?? source ?? 'unknown';
    counts.set(by, (counts.get(by) ?? 0) + 1);
  }
  const names = [...counts].sort(([, one], [, more]) => more - one).map(([name]) => name);
  return names.slice(0, NAMED).join('; ') + (names.length > NAMED ? `; ${names.length - NAMED} others` : '');
}

/** The proofs among a generator's answers, named `<problem>-<sample>`. */
export async function collectAnswers(
  store: ArtifactStore,
  input: { place: Place; model: number; setId: string; rows: DatasetRef },
): Promise<DatasetRef> {
  const { place, model, setId } = input;
  const rows = await store.rowsById<SetRow>(input.rows);
  async function* proofs(): AsyncGenerator<ProofRow> {
    for await (const outcome of readOutcomes(store, setId)) {
      const row = rows.get(outcome.row);
      const answer = proofIn(outcome);
      if (row === undefined || answer === undefined) continue;
      const id = `${row.id}-${outcome.sample}`;
      yield { id, problem: row.problem, proof: answer.proof, model: outcome.model };
    }
  }
  const made = madeBy('collectAnswers', { rows: input.rows, answers: setId });
  return store.writeJsonl(uri.dataset(place, `proofs-${model}`), proofs(), made);
}
