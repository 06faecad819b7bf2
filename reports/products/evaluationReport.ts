import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type EvaluationReport,
  type GeneratorEvaluation,
  type GradedAnswer,
  type GridRow,
  type JudgedProof,
  type TruthFacts,
  type VerifierEvaluation,
} from '../../shared/products/evaluation.ts';
import {
  figuresOf,
  verifierDifferences,
  verifierEstimates,
  verifierFigures,
} from '../../shared/products/evaluationFigures.ts';
import {
  figuresByTopic,
  generatorDifferences,
  generatorEstimates,
  worthOf,
} from '../../shared/products/evaluationGenerators.ts';
import { labelGridParts, type ProofEvidence } from '../../shared/products/evaluationGrid.ts';
import type { EvaluatedModel, OpenedEvaluation } from '../../shared/products/evaluationInput.ts';
import type { AskedModel } from '../../shared/products/models.ts';
import { NOTHING_SPENT, addSpent } from '../../shared/products/caps.ts';
import type { ProofRow, ScoredProof } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { constantBaseline } from '../figures/verifierFigures.ts';
import { evidenceFrom, setOutcomes, whole } from './evaluationOutcomes.ts';
import { generatorNotes, gradedNotes, verifierNotes } from './evaluationNotes.ts';

/** A line of `outcomes.jsonl`: a proof, its truth where people graded it, and what each judge said of it. */
export interface OutcomeLine {
  readonly id: string;
  readonly problem: string;
  readonly topic: string;
  /** Who wrote it. */
  readonly model: string;
  /** The true score, as the grade was written, and who gave it. */
  readonly truth?: number;
  readonly grade?: string;
  readonly grader?: string;
  readonly judged: readonly JudgedLine[];
}

interface JudgedLine {
  readonly judge: string;
  /** In the order of asking; null where one was lost. */
  readonly verdicts: readonly (number | null)[];
  /** Meta-analyses of each analysis that reports an issue, by its place. */
  readonly metaVerdicts?: Readonly<Record<string, readonly (number | null)[]>>;
  /** What the verdicts come to: the majority's score, the mean where there is none, `lost`. */
  readonly worth: GradedAnswer['score'];
}

/** All figures of an evaluation, and its proofs one by one. */
export interface Evaluated {
  readonly report: EvaluationReport;
  readonly lines: readonly OutcomeLine[];
}

const isWhole = (models: readonly EvaluatedModel[]): boolean => models.every(({ stopped }) => stopped === undefined);
const distinct = (notes: readonly string[]): string[] => [...new Set(notes)];
const nullable = (scores: readonly (number | undefined)[]) => scores.map((score) => score ?? null);

/** Measures a verifier, or two, against people's grades: by proofs of which all was asked. */
export async function evaluatedVerifiers(
  store: ArtifactStore,
  opened: OpenedEvaluation & { readonly truth: TruthFacts },
  models: readonly EvaluatedModel[],
): Promise<Evaluated> {
  const { truth, n, m, judges, name, seed } = opened;
  const rows = await store.readRows<ScoredProof>(opened.rows);
  const lines = new Map(rows.map((row) => [row.id, { row, judged: [] as JudgedLine[] }]));
  const measured: { evaluation: VerifierEvaluation; proofs: (JudgedProof & ProofEvidence)[] }[] = [];
  for (const [index, { verdicts }] of models.entries()) {
    const [judge, metaJudge] = [opened.models[index], judges[index]] as [AskedModel, AskedModel];
    const outcomes = await setOutcomes(store, verdicts, m > 0 ? [judge, metaJudge] : [judge]);
    const proofs = rows.flatMap(({ id, problem, score }) => {
      const evidence = evidenceFrom(outcomes, id, n, m);
      if (evidence === undefined) return [];
      const scores = evidence.map((one) => one.score);
      const metas = evidence.flatMap((one, at) =>
        one.metaScores.length === 0 ? [] : [[at, nullable(one.metaScores)]],
      );
      lines
        .get(id)
        ?.judged.push({
          judge: judge.name,
          verdicts: nullable(scores),
          ...(m > 0 && { metaVerdicts: Object.fromEntries(metas) as JudgedLine['metaVerdicts'] & object }),
          worth: worthOf(scores),
        });
      return [{ id, problem: problem.id, topic: problem.topic, truth: score, verdicts: scores, evidence }];
    });
    const policy = {
      analysesPerProof: n,
      metaAnalysesPerAnalysis: m,
      minValidAnalyses: 1,
      confirmingMetaScore: 1,
    } as const;
    const grid: GridRow[] = [];
    for (const part of labelGridParts(proofs, policy, truth)) {
      grid.push(...part);
      await nextTurn(); // heartbeats go on
    }
    const evaluation: VerifierEvaluation = {
      judge: judge.name,
      ...(m > 0 && { metaJudge: metaJudge.name }),
      m,
      ...verifierFigures(proofs, truth, n),
      grid,
      losses: { verify: outcomes.losses('verify'), metaVerify: outcomes.losses('metaVerify') },
      spent: outcomes.spent,
    };
    measured.push({ evaluation, proofs });
  }
  const [first, second] =
    measured.length === 2 ? measured.map(({ proofs }) => verifierEstimates(onlyBoth(proofs, measured), truth)) : [];
  return {
    report: {
      name,
      isWhole: isWhole(models),
      seed,
      subject: 'verifier',
      notes: distinct(verifierNotes(truth, measured, models)),
      truth,
      constant: constantBaseline(rows.map(({ score }) => score)),
      models: measured.map(({ evaluation }) => evaluation),
      ...(first && second && { differences: verifierDifferences(first, second) }),
    },
    lines: Array.from(lines.values(), ({ row, judged }) => lineOf(row, judged)),
  };
}

/** Models are compared on the proofs that both have judged. */
function onlyBoth<Proof extends { readonly id: string }>(
  proofs: readonly Proof[],
  all: readonly { readonly proofs: readonly { readonly id: string }[] }[],
): Proof[] {
  const ids = all.map((one) => new Set(one.proofs.map(({ id }) => id)));
  return proofs.filter(({ id }) => ids.every((of) => of.has(id)));
}

function lineOf(row: ScoredProof, judged: readonly JudgedLine[]): OutcomeLine {
  const { id, problem, model, score, grade, grader } = row;
  const by = { ...(grade !== undefined && { grade }), ...(grader !== undefined && { grader }) };
  return { id, problem: problem.id, topic: problem.topic, model, truth: score, ...by, judged };
}

/** Measures what the proofs of a generator, or of two, are worth to a judge: the majority of n analyses of each. */
export async function evaluatedGenerators(
  store: ArtifactStore,
  opened: OpenedEvaluation,
  models: readonly EvaluatedModel[],
): Promise<Evaluated> {
  const { n, name, seed, judges, proofsPerProblem } = opened;
  const [judge] = judges as readonly [AskedModel];
  const problems = await store.readRows<SetRow>(opened.rows);
  const lines: OutcomeLine[] = [];
  const measured: { evaluation: GeneratorEvaluation; answers: GradedAnswer[]; unjudged: number }[] = [];
  for (const [index, { verdicts, answers }] of models.entries()) {
    const generator = opened.models[index] as AskedModel;
    const written = answers && (await setOutcomes(store, answers.setId, [generator]));
    const outcomes = await setOutcomes(store, verdicts, [judge]);
    const proofs = answers?.proofs ? await store.readRows<ProofRow>(answers.proofs) : [];
    const graded = proofs.flatMap(({ id, problem, model }): GradedAnswer[] => {
      const scores = whole(outcomes.verdicts(id, 'verify'), n);
      if (scores === undefined) return [];
      const worth = worthOf(scores);
      const about = { problem: problem.id, topic: problem.topic };
      lines.push({ id, ...about, model, judged: [{ judge: judge.name, verdicts: nullable(scores), worth }] });
      return [{ ...about, score: worth }];
    });
    const without = answers?.proofs ? withoutProof(problems, proofs, proofsPerProblem) : [];
    measured.push({
      evaluation: {
        ...generatorEvaluation(generator.name, [...graded, ...without]),
        losses: { prove: (written ?? outcomes).losses('prove'), verify: outcomes.losses('verify') },
        spent: addSpent(written?.spent ?? NOTHING_SPENT, outcomes.spent),
      },
      answers: [...graded, ...without],
      unjudged: proofs.length - graded.length,
    });
  }
  return {
    report: {
      name,
      isWhole: isWhole(models),
      seed,
      subject: 'generator',
      notes: distinct(generatorNotes(measured, models)),
      by: { kind: 'model', judge: judge.name, n },
      ...comparedGenerators(measured),
    },
    lines,
  };
}

/** The same of proofs that people have graded: of each model that wrote some. */
export async function gradedGenerators(
  store: ArtifactStore,
  { rows, truth, name, seed }: OpenedEvaluation & { readonly truth: TruthFacts },
): Promise<Evaluated> {
  const proofs = await store.readRows<ScoredProof>(rows);
  const writers = [...new Set(proofs.map(({ model }) => model))].sort();
  const measured = writers.map((writer) => {
    const answers = proofs
      .filter(({ model }) => model === writer)
      .map(({ problem, score }) => ({ problem: problem.id, topic: problem.topic, score }));
    const { figures, byTopic, ...evaluation } = generatorEvaluation(writer, answers);
    const topics = byTopic.map((topic) => ({ ...topic, figures: { ...topic.figures, ...OF_MODELS_ALONE } }));
    return { evaluation: { ...evaluation, figures: { ...figures, ...OF_MODELS_ALONE }, byTopic: topics }, answers };
  });
  return {
    report: {
      name,
      isWhole: true,
      seed,
      subject: 'generator',
      notes: gradedNotes(truth),
      by: { kind: 'people', truth },
      ...withoutModels(comparedGenerators(measured)),
    },
    lines: proofs.map((proof) => lineOf(proof, [])),
  };
}

/** People were shown proofs, and graded each. */
const OF_MODELS_ALONE = { withoutProof: null, lost: null } as const;

const withoutModels = ({ differences, ...compared }: ReturnType<typeof comparedGenerators>) => ({
  ...compared,
  ...(differences && { differences: { ...differences, ...OF_MODELS_ALONE } }),
});

function generatorEvaluation(generator: string, answers: readonly GradedAnswer[]): GeneratorEvaluation {
  return {
    generator,
    problems: new Set(answers.map(({ problem }) => problem)).size,
    answers: answers.length,
    figures: figuresOf(generatorEstimates(answers)),
    byTopic: figuresByTopic(answers),
    spent: NOTHING_SPENT,
  };
}

/** Two are compared by the problems that both have answered. */
function comparedGenerators(
  measured: readonly { readonly evaluation: GeneratorEvaluation; readonly answers: readonly GradedAnswer[] }[],
): Pick<Extract<EvaluationReport, { subject: 'generator' }>, 'models' | 'differences'> {
  const models = measured.map(({ evaluation }) => evaluation);
  const [one, other, ...more] = measured;
  if (one === undefined || other === undefined || more.length > 0) return { models };
  const answered = [one, other].map(({ answers }) => new Set(answers.map(({ problem }) => problem)));
  const both = ({ answers }: typeof one) => answers.filter(({ problem }) => answered.every((of) => of.has(problem)));
  return { models, differences: generatorDifferences(generatorEstimates(both(one)), generatorEstimates(both(other))) };
}

/** Answers in which no proof could be read: of each problem, as many as were asked for and are not there. */
function withoutProof(
  problems: readonly SetRow[],
  proofs: readonly ProofRow[],
  proofsPerProblem: number,
): GradedAnswer[] {
  const written = new Map<string, number>();
  for (const { problem } of proofs) written.set(problem.id, (written.get(problem.id) ?? 0) + 1);
  return problems.flatMap(({ problem: { id, topic } }) =>
    Array.from({ length: proofsPerProblem - (written.get(id) ?? 0) }, () => ({
      problem: id,
      topic,
      score: 'withoutProof' as const,
    })),
  );
}
