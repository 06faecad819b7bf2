import type { StoredProof } from '../../../activities/datasets/labelScores.ts';
import { chooseLabels, weighted, type KnownProof } from '../../../reports/comparison/labelChoice.ts';
import { autoLabel, type AnalysisEvidence } from '../../../shared/label/autoLabel.ts';
import { syntheticPopulation } from '../../../shared/label/population.ts';
import type { AutoLabelPolicy } from '../../../shared/sampling/sets.ts';
import type { ProofScore } from '../../../shared/scores.ts';

const asked: AutoLabelPolicy = {
  analysesPerProof: 32,
  metaAnalysesPerAnalysis: 8,
  minValidAnalyses: 2,
  confirmingMetaScore: 1,
  rule: 'lowest',
};
const waves = [4, 4, 8, 16];

/** Proofs of the population with every verdict, labelled as asked. */
function population(proofs: number): (StoredProof & { readonly truth: ProofScore })[] {
  return Array.from(syntheticPopulation({ ...asked, proofs, seed: 5 }), ({ analyses, truth = 0 }, index) => {
    const evidence = analyses as readonly AnalysisEvidence[];
    const id = `p${index}`;
    return { proofId: id, problem: id, decision: autoLabel(asked, evidence), evidence, truth };
  });
}
const all = population(400);
const known = all.map(({ truth, ...proof }): KnownProof => ({ ...proof, score: truth, weight: 1 }));

test('a small k at many analyses gives way to a rule whose labels are right', () => {
  const { asked: before, proposal, reaching, why } = chooseLabels(known, asked, waves, 0.95);
  expect(before.byLabel['0']?.value).toBeLessThan(0.95);
  expect(proposal?.policy.rule).toBe('cumulative');
  for (const figure of Object.values(proposal?.byLabel ?? {})) expect(figure?.value).toBeGreaterThanOrEqual(0.95);
  expect(proposal?.contested).toBeLessThan(0.1);
  expect(proposal?.calls).toBeLessThan(32 * 9);
  expect(reaching).toBeGreaterThan(1);
  expect(why).toMatch(/^Of \d+ candidates \d+ have a precision of at least 0\.95 in each label here/);
});

test('where nothing reaches the goal nothing is proposed, and that is said', () => {
  const { proposal, why } = chooseLabels(known.slice(0, 100), { ...asked, analysesPerProof: 4 }, waves, 0.9999);
  expect(proposal).toBeNull();
  expect(why).toMatch(/^None of \d+ candidates/);
});

test('what is not decided by stored verdicts is counted as unknown, never as a label', () => {
  const few = known.map((proof) => ({ ...proof, evidence: proof.evidence.slice(0, 8) }));
  const { candidates } = chooseLabels(few, asked, waves, 0.9);
  const atAll = candidates.find(({ policy }) => policy.analysesPerProof === 32);
  expect(atAll?.open ?? 1).toBeGreaterThan(0.05);
  expect(candidates[0]?.policy.analysesPerProof).toBeLessThanOrEqual(8);
});

test('scores of a part stand for all that was decided alike, so that asking of all contested skews nothing', () => {
  const contested = all.filter(({ decision }) => decision.kind !== 'labelled');
  const audited = all.filter(({ decision }) => decision.kind === 'labelled').filter((_, index) => index % 3 === 0);
  const scores = new Map([...contested, ...audited].map(({ proofId, truth }) => [proofId, truth]));
  const { known: part, strata } = weighted(all, scores);
  expect(part.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(all.length);
  expect(strata.map(({ decision }) => decision)).toEqual(['0', '0.5', '1', 'contested']);
  expect(strata.at(-1)).toEqual({ decision: 'contested', proofs: contested.length, scored: contested.length });
  const [whole, sampled] = [known, part].map((proofs) => chooseLabels(proofs, asked, waves, 0.95).asked);
  expect(sampled?.contested).toBeCloseTo(whole?.contested ?? 0);
  expect(Math.abs((sampled?.precision?.value ?? 0) - (whole?.precision?.value ?? 0))).toBeLessThan(0.05);
});
