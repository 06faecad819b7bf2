import { ROWS_PER_EXAMPLE } from '../lap/consolidation.ts';
import { ANALYSES_PER_PROOF, DRAFTS_PER_PROBLEM } from '../lap/heldOutSizes.ts';
import type { Rates } from './knownRates.ts';
import type { LapSizes } from '../lap/sizes.ts';
import { stagesOf } from '../lap/laterLap.ts';
import type { Counted } from '../lap/amounts.ts';
import { judgeCallsPerSample, taskOf } from './rates.ts';
import type { Tokens } from './rates.ts';
import type { Recipe } from '../lap/recipe.ts';
import type { StageName } from '../stages.ts';
import type { Task } from '../records.ts';

/** A part of a lap's work, with what its cost is reckoned from. */
export type Piece = { readonly phase: string } & Counted;

/** All the work of a lap, as its workflows do it (METHOD: 1A to 1D or the consolidation, 2, 3, 4, evaluation). */
export function lapWork(recipe: Recipe, turn: number, sizes: LapSizes, rates: Rates): Piece[] {
  const first = turn === 1;
  const { labelling: rule } = recipe;

  function calls(phase: string, rows: number, perRow: number, { prompt, completion }: Tokens): Piece[] {
    const count = rows * perRow;
    if (count === 0) return [];
    return [
      {
        phase,
        calls: count,
        promptTokens: count * prompt,
        completionTokens: count * completion,
        inferenceHours: (count * (prompt + completion)) / rates.tokensPerSecond() / 3600,
      },
    ];
  }
  const ask = (phase: string, task: Task, rows: number, perRow = 1): Piece[] =>
    calls(phase, rows, perRow, rates.tokensOf(phase, task));

  function review(phase: string, questions: number): Piece[] {
    const verdicts = questions * rates.verdictsPerQuestion();
    return questions === 0 ? [] : [{ phase, verdicts, expertMinutes: verdicts * rates.minutesPerVerdict(phase) }];
  }
  function coldStart(): Piece[] {
    const { refinementRounds } = recipe.coldStart;
    const [phase, rounds] = ['coldStart', Array.from({ length: refinementRounds })];
    return [
      ...ask(phase, 'prove', sizes.candidates),
      ...rounds.flatMap(() => [...ask(phase, 'verify', sizes.candidates), ...ask(phase, 'refine', sizes.candidates)]),
      ...review(phase, sizes.expertProofs),
    ];
  }

  function metaData(): Piece[] {
    const [phase, models] = ['metaData', recipe.metaData.baseShare > 0 ? 2 : 1];
    const analyses = Array.from({ length: models }).flatMap(() =>
      ask(phase, 'verify', sizes.expertProofs, recipe.metaData.analysesPerProof),
    );
    return [...analyses, ...review(phase, sizes.expertAnalyses)];
  }

  function consolidation(): Piece[] {
    const { examplesPerSkill, rowsPerStep, maxSteps } = recipe.consolidation;
    const phase = 'consolidation';
    const proofs = Math.min(ROWS_PER_EXAMPLE * examplesPerSkill, sizes.proofScores);
    const analyses = recipe.metaVerification ? Math.min(ROWS_PER_EXAMPLE * examplesPerSkill, sizes.analysisScores) : 0;
    const rate = rates.training('consolidation');
    const samples = maxSteps * rowsPerStep;
    return [
      ...ask(phase, 'verify', proofs),
      ...(recipe.metaVerification
        ? ask(phase, 'metaVerify', Math.round(proofs * rates.rightShare()), rule.metaAnalysesPerAnalysis)
        : []),
      ...ask(phase, 'metaVerify', analyses),
      {
        phase,
        trainingTokens: samples * rate.tokensPerSample,
        trainingHours: (rate.startSeconds + samples * rate.secondsPerSample) / 3600,
      },
    ];
  }

  function training(stage: StageName): Piece {
    const { groupSize, promptsPerStep, maxSteps } = recipe.stages[stage];
    const rate = rates.training(stage);
    const samples = groupSize * promptsPerStep * Math.round(maxSteps * rate.stepsShare);
    const { verify, metaVerify } = judgeCallsPerSample(recipe, stage);
    const judged = Math.round(samples * (verify + metaVerify) * (rate.judgedShare ?? 0));
    const { prompt, completion } = judged === 0 ? { prompt: 0, completion: 0 } : rates.judgeTokens(stage);
    return {
      phase: stage,
      calls: judged,
      promptTokens: judged * prompt,
      completionTokens: judged * completion,
      trainingTokens: samples * rate.tokensPerSample,
      trainingHours: (rate.startSeconds + samples * rate.secondsPerSample) / 3600,
    };
  }

  function scaleVerification(): Piece[] {
    const phase = 'scaleVerification';
    const { callsPerProof, contestedShare, labelledShare, tokens } = rates.labelling();
    const proofs = sizes.labelled + sizes.carried;
    const looks = sizes.written > sizes.labelled;
    return [
      ...ask(phase, taskOf(recipe, 'selfVerification'), sizes.written),
      ...(looks ? ask(phase, 'verify', sizes.written, rule.firstLook) : []),
      ...calls(phase, proofs, callsPerProof, tokens),
      ...(rule.contested === 'ask' ? review(phase, Math.round(proofs * contestedShare)) : []),
      ...review(phase, Math.ceil(proofs * labelledShare * rule.auditShare)),
    ];
  }

  function evaluation(): Piece[] {
    const { analysesPerProof, proofsPerProblem, greedy } = recipe.evaluation;
    const [phase, stages, meta] = ['evaluation', stagesOf(recipe, turn), recipe.metaVerification];
    const { heldOutProblems: problems, heldOutProofs: proofs, heldOutAnalyses: analyses } = sizes;
    const measured = (models: number, task: Task, rows: number, samples: number): Piece[] =>
      Array.from({ length: models }).flatMap(() => [
        ...ask(phase, task, rows, samples),
        ...(greedy ? ask(phase, task, rows) : []),
      ]);
    // base and v1, or the consolidation; v2
    const verifiers = (first ? 2 : 1) + (stages.includes('verifierV2') ? 1 : 0);
    const metaVerifiers = meta
      ? (first ? 1 : 0) + (stages.includes('metaVerifier') ? 1 : 0) + (stages.includes('verifierV2') ? 1 : 0)
      : 0; // what it started from; itself; v2
    const drafts = first && recipe.domain.checker !== 'none';
    return [
      ...(drafts ? ask(phase, 'prove', problems, DRAFTS_PER_PROBLEM) : []),
      ...(drafts && meta ? ask(phase, 'verify', proofs, ANALYSES_PER_PROOF) : []),
      ...measured(verifiers, 'verify', proofs, analysesPerProof),
      ...measured(metaVerifiers, 'metaVerify', analyses, analysesPerProof),
      ...measured(2, 'prove', problems, proofsPerProblem), // before (the base, or the consolidation) and after phase 2
      ...measured(2, taskOf(recipe, 'selfVerification'), problems, proofsPerProblem), // before and after phase 3
    ];
  }

  return [
    ...(first ? coldStart() : consolidation()),
    ...(first && recipe.metaVerification ? metaData() : []),
    ...stagesOf(recipe, turn).map(training),
    ...scaleVerification(),
    ...evaluation(),
  ];
}
