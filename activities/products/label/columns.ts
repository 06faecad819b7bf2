import type { LabelReport, LabelledProof } from '../../../shared/products/labels.ts';
import type { AutoLabelPolicy } from '../../../shared/sampling/sets.ts';
import type { Column } from '../../tables/columns.ts';
import type { DecidingAnalysis } from './decide.ts';

/** What labels and their evidence look like as tables (docs/products.md, "Labels"). */

/** The policy in a line, such as `n=16 m=8 k=3 cumulative, confirmed from 1`. */
export const policyText = (policy: AutoLabelPolicy): string =>
  `n=${policy.analysesPerProof} m=${policy.metaAnalysesPerAnalysis} k=${policy.minValidAnalyses} ` +
  `${policy.rule ?? 'lowest'}, confirmed from ${policy.confirmingMetaScore}`;

type Row = LabelledProof;

/** Only `label` may be null: a text that is not there is empty, so that every reader finds its type. */
export function labelColumns({
  policy,
  verifier,
  metaVerifier,
  prompts,
}: Pick<LabelReport, 'policy' | 'verifier' | 'metaVerifier' | 'prompts'>): Column<Row>[] {
  const says = policyText(policy);
  return [
    { name: 'id', type: 'text', of: ({ id }) => id },
    { name: 'given_id', type: 'text', of: ({ givenId = '' }) => givenId },
    { name: 'problem_id', type: 'text', of: ({ problem }) => problem.id },
    { name: 'problem', type: 'text', of: ({ problem }) => problem.statement },
    { name: 'topic', type: 'text', of: ({ problem }) => problem.topic },
    { name: 'source', type: 'text', of: ({ problem }) => problem.source },
    { name: 'proof', type: 'text', of: ({ proof }) => proof },
    { name: 'written_by', type: 'text', of: ({ model }) => model },
    { name: 'label', type: 'decimal', of: ({ label }) => label ?? undefined },
    { name: 'labelled_by', type: 'text', of: ({ labelledBy }) => labelledBy },
    { name: 'decision', type: 'text', of: ({ decision }) => decision.kind },
    { name: 'reason', type: 'text', of: reasonOf },
    { name: 'hard_to_verify', type: 'truth', of: ({ hardToVerify }) => hardToVerify },
    { name: 'analyses', type: 'whole', of: ({ counts }) => counts.asked },
    { name: 'analyses_0', type: 'whole', of: ({ counts }) => counts.said['0'] },
    { name: 'analyses_half', type: 'whole', of: ({ counts }) => counts.said['0.5'] },
    { name: 'analyses_1', type: 'whole', of: ({ counts }) => counts.said['1'] },
    { name: 'analyses_missing', type: 'whole', of: ({ counts }) => counts.said.missing },
    { name: 'confirmed_0', type: 'whole', of: ({ counts }) => counts.confirmed['0'] },
    { name: 'confirmed_half', type: 'whole', of: ({ counts }) => counts.confirmed['0.5'] },
    { name: 'meta_analyses', type: 'whole', of: ({ counts }) => counts.metaAnalyses },
    { name: 'calls', type: 'whole', of: ({ calls }) => calls },
    { name: 'people', type: 'text', of: ({ people }) => people?.result.kind ?? '' },
    { name: 'people_scores', type: 'text', of: ({ people }) => people?.scores.join(' ') ?? '' },
    { name: 'verifier', type: 'text', of: () => verifier },
    { name: 'meta_verifier', type: 'text', of: () => metaVerifier ?? '' },
    { name: 'prompts', type: 'text', of: () => prompts.sha256 },
    { name: 'policy', type: 'text', of: () => says },
  ];
}

/** Why a proof has its label, or has none. */
export function reasonOf({ decision, people }: Pick<LabelledProof, 'decision' | 'people'>): string {
  if (people?.result.kind === 'flagged') return `people found its problem faulty: ${people.result.reason}`;
  if (decision.kind === 'labelled')
    return decision.score === 1 ? 'no issue is confirmed' : `confirmed analyses give ${decision.score}`;
  return decision.reason;
}

/** An analysis that a decision rests on, with its proof. */
export type EvidenceLine = DecidingAnalysis & { readonly proof: LabelledProof };

export const EVIDENCE_COLUMNS: readonly Column<EvidenceLine>[] = [
  { name: 'proof_id', type: 'text', of: ({ proof }) => proof.id },
  { name: 'problem_id', type: 'text', of: ({ proof }) => proof.problem.id },
  { name: 'analysis', type: 'whole', of: ({ analysis }) => analysis },
  { name: 'score', type: 'decimal', of: ({ score }) => score ?? undefined },
  { name: 'valid', type: 'truth', of: ({ isValid }) => isValid },
  { name: 'confirmed', type: 'whole', of: ({ confirmed }) => confirmed },
  { name: 'assessed', type: 'whole', of: ({ assessed }) => assessed },
  { name: 'text', type: 'text', of: ({ text }) => text },
];
