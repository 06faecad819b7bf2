import { validityOf } from '../../shared/label/autoLabel.ts';
import { chooseExamples, proofPasses, selfAnalysisPasses, type Example } from '../../shared/lap/consolidation.ts';
import type { LabelRecord, SkillCounts } from '../../shared/lap/manifest.ts';
import type {
  AnalysisRow,
  DatasetRef,
  Problem,
  ProofRow,
  ScoredAnalysis,
  ScoredProof,
  TrainingRow,
  PromptSetRef,
} from '../../shared/records.ts';
import { seriesOfLap } from '../../shared/ids.ts';
import { balancedSample } from '../../shared/selection.ts';
import type { AutoLabelPolicy } from '../../shared/sampling/sets.ts';
import { seedOf } from '../../shared/seeds.ts';
import { readOutcomes, scoresByRow } from '../sets/outcomes.ts';
import { failure } from '../failure.ts';
import { openPromptSet } from '../store/promptSets.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { analysesOf } from './analyses.ts';
import { labelsToLearn } from './audit.ts';
import { proofId, proofIn } from './proofs.ts';

/** Rows of D_v or D_mv for the models to answer again: at most `count`, spread over scores and topics. */
export async function chooseScored(
  store: ArtifactStore,
  input: { to: string; parts: readonly DatasetRef[]; count: number; seed: number },
): Promise<DatasetRef> {
  return store.writeJsonl(
    input.to,
    balancedSample(
      await store.readRows<ScoredProof | ScoredAnalysis>(...input.parts),
      input.count,
      (row) => `${'quality' in row ? row.quality : row.score} ${row.problem.topic}`,
      input.seed,
    ),
    madeBy('chooseScored', { part: input.parts }),
  );
}

/** With the thinking before it, which is learned with it, and shown to nobody. */
type RightAnalysis = AnalysisRow & { readonly thinking?: string };

/** The analyses of a set whose score is their proof's: what the meta-verifier is asked about. */
export async function rightAnalyses(
  store: ArtifactStore,
  input: { to: string; setId: string; proofs: DatasetRef },
): Promise<{ rows: DatasetRef; seen: number }> {
  const scored = await store.rowsById<ScoredProof>(input.proofs);
  let seen = 0;
  async function* rows(): AsyncGenerator<RightAnalysis> {
    for await (const { row, thinking } of analysesOf(store, input.setId, input.proofs)) {
      seen += 1;
      if (row.analysisScore === scored.get(row.proofId)?.score) yield { ...row, ...(thinking && { thinking }) };
    }
  }
  const made = madeBy('rightAnalyses', { proofs: input.proofs, analyses: input.setId });
  return { rows: await store.writeJsonl(input.to, rows(), made), seen };
}

interface ConsolidationInput {
  readonly to: string;
  readonly prompts: PromptSetRef;
  /** The generator's skill: the parent's labelled proofs, as it wrote them. */
  readonly labels: LabelRecord;
  /** The parent's turn. */
  readonly turn: number;
  /**
   * The verifier's: right analyses, and the set in which the meta-verifier judged them (absent without
   * meta-verification).
   */
  readonly analyses: { readonly rows: DatasetRef; readonly seen: number; readonly judgedIn?: string };
  readonly policy: AutoLabelPolicy;
  /** The meta-verifier's, where there is one: rows of D_mv, and the set in which it judged them again. */
  readonly metaAnalyses?: { readonly rows: DatasetRef; readonly setId: string };
  readonly examplesPerSkill: number;
  /** @default keep */
  readonly thinking?: 'keep' | 'drop' | undefined;
  readonly seed: number;
}

type Row = Example & { readonly problem: Problem; readonly proof?: string; readonly analysis?: string };

/**
 * The dataset of a consolidation by rejection fine-tuning (paper 3.1): the generator's proofs that the verifier passes,
 * its self-analyses that give their proof's label, the verifier's right analyses that the meta-verifier passes, and its
 * meta-analyses that agree with the experts.
 * @throws `NothingToLearn`, with counts, where nothing passes.
 */
export async function writeConsolidation(
  store: ArtifactStore,
  input: ConsolidationInput,
): Promise<{ dataset: DatasetRef; skills: SkillCounts[] }> {
  const { examplesPerSkill: most, seed } = input;
  const skills: SkillCounts[] = [];
  const chosen: Row[] = [];
  const take = (skill: SkillCounts['skill'], { seen, passed }: Passed): void => {
    const choice = chooseExamples(skill, seen, passed, most, seedOf(seed, skill));
    skills.push(choice.counts);
    chosen.push(...choice.chosen);
  };
  const { proofs, selfAnalyses } = await passedAnswers(store, input);
  take('proofs', proofs);
  take('selfAnalyses', selfAnalyses);
  take('analyses', await passedAnalyses(store, input));
  if (input.metaAnalyses !== undefined) take('metaAnalyses', await passedMetaAnalyses(store, input.metaAnalyses));
  if (chosen.length === 0)
    throw failure(
      'NothingToLearn',
      `Expected answers that pass, to consolidate ${input.labels.writtenIn} from, got none: ` +
        `${skills.map(({ skill, seen }) => `0 of ${seen} ${PASSES[skill]}`).join(', ')}. Go on from another lap, or ` +
        'from one that labels more proofs (labelling.proofs) with a generator and a verifier that have learned',
    );
  const prompts = await openPromptSet(store, input.prompts);
  const rows = chosen.map((row): TrainingRow => {
    const { task, subject, problem, proof, analysis, completion, thinking, given, score } = row;
    return {
      itemId: `${task}/${subject}`,
      task,
      prompt: prompts.render(task, { problem: problem.statement, proof, analysis }),
      meta: { problem, score },
      completion,
      ...(thinking !== undefined && input.thinking !== 'drop' && { thinking }),
      ...(given !== undefined && { given }),
    };
  });
  const { labels, analyses, metaAnalyses } = input;
  const made = madeBy('writeConsolidation', {
    prompts: input.prompts,
    proofs: labels.proofs,
    'written in': labels.writtenIn,
    decisions: labels.set.decisions,
    audits: labels.audited,
    'held back': labels.held?.map(({ rows: held }) => held),
    analyses: analyses.rows,
    'judged in': analyses.judgedIn,
    'scored analyses': metaAnalyses?.rows,
    'meta-analyses': metaAnalyses?.setId,
  });
  return { dataset: await store.writeJsonl(input.to, rows, made), skills };
}

const PASSES: Readonly<Record<SkillCounts['skill'], string>> = {
  proofs: 'proofs are labelled 1',
  selfAnalyses: "self-analyses give their proof's label",
  analyses: "analyses give their proof's score and are confirmed by the meta-verifier",
  metaAnalyses: "meta-analyses give the experts' score",
};

interface Passed {
  readonly seen: number;
  readonly passed: readonly Row[];
}

/**
 * The generator's answers by their labels: as bare proofs, and whole, with their self-analyses. Of a proof that does
 * not pass the self-analysis alone is learned, the proof standing before it.
 */
async function passedAnswers(store: ArtifactStore, { labels, turn }: ConsolidationInput) {
  const proofs = await store.rowsById<ProofRow>(labels.proofs);
  const problems = new Map(Array.from(proofs.values(), ({ problem }) => [problem.id, problem]));
  const labelOf = await labelsToLearn(store, labels);
  const bare: Row[] = [];
  const whole: Row[] = [];
  let seen = 0;
  for await (const outcome of readOutcomes(store, labels.writtenIn)) {
    seen += 1;
    const problem = problems.get(outcome.row);
    const answer = proofIn(outcome);
    if (problem === undefined || answer === undefined) continue;
    const id = proofId({ problem }, outcome, seriesOfLap(turn));
    const label = labelOf(id);
    if (label === undefined) continue;
    const row = { subject: id, topic: problem.topic, score: label, problem, thinking: outcome.thinking };
    const passes = proofPasses(label);
    if (passes) bare.push({ ...row, task: 'prove', completion: `## Solution\n${answer.proof}` });
    const { selfAnalysis } = answer;
    if (selfAnalysis === undefined || !selfAnalysisPasses(label, proofs.get(id)?.selfScore)) continue;
    const learned = passes ? { completion: outcome.text ?? '' } : apart(answer.text, selfAnalysis);
    whole.push({ ...row, ...learned, task: outcome.task });
  }
  return { proofs: { seen, passed: bare }, selfAnalyses: { seen, passed: whole } } satisfies Record<string, Passed>;
}

/** The self-analysis that an answer ends with, after all that stands before it. */
function apart(text: string, selfAnalysis: string): Pick<Row, 'given' | 'completion'> {
  return { given: text.slice(0, text.length - selfAnalysis.length), completion: selfAnalysis };
}

async function passedAnalyses(store: ArtifactStore, { analyses, policy }: ConsolidationInput): Promise<Passed> {
  const verdicts = analyses.judgedIn === undefined ? undefined : await scoresByRow(store, analyses.judgedIn);
  const passed = (await store.readRows<RightAnalysis>(analyses.rows)).flatMap((row): Row[] => {
    if (verdicts !== undefined && validityOf(policy, verdicts.get(row.id) ?? []) !== 'valid') return [];
    return [
      {
        task: 'verify',
        subject: row.proofId,
        topic: row.problem.topic,
        score: row.analysisScore,
        completion: row.analysis,
        thinking: row.thinking,
        problem: row.problem,
        proof: row.proof,
      },
    ];
  });
  return { seen: analyses.seen, passed };
}

async function passedMetaAnalyses(store: ArtifactStore, input: { rows: DatasetRef; setId: string }): Promise<Passed> {
  const rows = await store.rowsById<ScoredAnalysis>(input.rows);
  const passed: Row[] = [];
  let seen = 0;
  for await (const { row: id, kind, score, text, thinking } of readOutcomes(store, input.setId)) {
    seen += 1;
    const row = rows.get(id);
    if (kind !== 'answered' || text === undefined || row === undefined || score !== row.quality) continue;
    passed.push({
      task: 'metaVerify',
      subject: id,
      topic: row.problem.topic,
      score: row.quality,
      completion: text,
      thinking,
      problem: row.problem,
      proof: row.proof,
      analysis: row.analysis,
    });
  }
  return { seen, passed };
}
