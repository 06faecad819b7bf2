import { hasOwnVerifier } from '../../shared/lap/orders.ts';
import { whole } from '../pages/format.ts';
import type { CardFacts, ExportedRole } from './cardFacts.ts';

/** Below so many parameters the paper's findings say nothing of a model. Ours. */
const SMALL = 1e9;

const OF_ROLE: Readonly<Record<ExportedRole, string>> = {
  generator: 'That it calls its own proof right is no evidence; how often such a claim is false stands under Figures.',
  verifier:
    'Its verdicts on one proof err alike, so that many of them are worth few, and a proof that all of them pass may ' +
    'be wrong.',
  metaVerifier:
    'It judges whether the issues that an analysis reports are real; what the analysis missed it judges only where ' +
    'its prompt asks for that.',
};

/** What a model should not be believed, and what nobody looked at, in sentences. */
export function limitsOf({ manifest, report, role, size, ancestry, about }: CardFacts): string[] {
  const { recipe, problems, evaluation } = manifest;
  const { warnings = [], watch, losses, notMeasured = [] } = report ?? {};
  const proofs = role === 'generator' ? '' : `, and ${whole(evaluation.proofs.rows)} proofs of them`;
  return [
    `It was trained and measured on the domain ${recipe.domain.name} alone: of other problems, other words and other ` +
      'languages nothing is known.',
    ...(size.parameters < SMALL
      ? [`It is small (${whole(size.parameters)} parameters): it says nothing of models of another size.`]
      : []),
    `It was measured on ${whole(problems.heldOut.rows)} held-out problems${proofs}: differences within the intervals ` +
      'are none.',
    ...(report?.truth === 'experts'
      ? ["No program knows the truth: figures go by people's scores, and by models' own eyes where that is said."]
      : []),
    OF_ROLE[role],
    ...(role === 'verifier' && !hasOwnVerifier(manifest)
      ? ["It was trained in an earlier lap: what it was before that stands in that lap's report."]
      : []),
    ...(role === 'metaVerifier' && report !== null && report.metaVerifier.accuracyAfter === null
      ? [`It was made by ${ancestry.ancestors[0]?.by ?? 'a step that nobody named'}, and not measured in this lap.`]
      : []),
    'Safety and bias were not looked at, nor texts that imitate a verdict outside the fences of the prompts.',
    ...about.warnings,
    ...warnings,
    ...[...(watch?.warnings ?? []), ...(losses?.warnings ?? [])].map(({ about: what, text }) => `${what}: ${text}`),
    ...notMeasured.map(({ figure, reason }) => `Not measured: ${figure} (${reason}).`),
  ];
}
