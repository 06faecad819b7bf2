import * as fc from 'fast-check';
import { readAnalysis } from '../../../../domains/rehearsal/analyses.ts';
import { labelOf, statementOf } from '../../../../domains/rehearsal/chain.ts';
import { rehearsalChecker } from '../../../../domains/rehearsal/checker.ts';
import {
  CLEAN_TEACHER,
  demonstrate,
  SLOPPY_TEACHER,
  withMisses,
  withoutIntermediates,
} from '../../../../domains/rehearsal/base/demonstrations.ts';
import { CLEAN, NOISY_PROOF, SLOPPY } from '../../../../domains/rehearsal/base/manners.ts';
import { problemOf, randomChain } from '../../../../domains/rehearsal/problems.ts';
import { readProof } from '../../../../domains/rehearsal/proofs.ts';
import { writeAnalysis, writeMetaAnalysis, writeProof } from '../../../../domains/rehearsal/base/teacher.ts';
import { VOCABULARY } from '../../../../domains/rehearsal/base/tokenizer.ts';
import { PHRASES } from '../../../../domains/rehearsal/phrases.ts';
import { parseAnswer } from '../../../../shared/answers.ts';
import { byRubric } from '../../../../shared/domain.ts';
import { TASKS } from '../../../../shared/records.ts';
import { randomFrom } from '../../../../shared/seeds.ts';

const drawn = fc.record({ length: fc.integer({ min: 1, max: 8 }), seed: fc.integer() });
const chainFor = ({ length, seed }: { length: number; seed: number }) => {
  const random = randomFrom(seed);
  const chain = randomChain(length, random);
  return { chain, problem: problemOf(chain), random };
};

test("a clean teacher's proof scores 1", () => {
  fc.assert(
    fc.property(drawn, (input) => {
      const { chain, problem, random } = chainFor(input);
      expect(rehearsalChecker.proofScore(problem, writeProof(chain, CLEAN.proof, random))).toBe(1);
    }),
  );
});

test(
  "a clean teacher's analysis of any proof gives its true score, finds all flaws and remarks, claims nothing else, " +
    'and has quality 1',
  () => {
    fc.assert(
      fc.property(drawn, (input) => {
        const { chain, problem, random } = chainFor(input);
        const proof = writeProof(chain, NOISY_PROOF, random);
        const analysis = writeAnalysis(chain, proof, CLEAN.analysis, random);
        const truth = rehearsalChecker.analysis(problem, proof, analysis);
        expect(readAnalysis(analysis).score).toBe(rehearsalChecker.proofScore(problem, proof));
        expect(truth).toMatchObject({
          quality: 1,
          flawsReported: truth.flaws,
          remarksReported: truth.remarks,
          falseRemarks: 0,
        });
      }),
      { numRuns: 300 },
    );
  },
);

test('a proof whose one result is changed scores 0, and a clean analysis names that line', () => {
  fc.assert(
    fc.property(drawn, fc.nat(), fc.integer({ min: 1, max: 10 }), (input, place, by) => {
      const { chain, problem, random } = chainFor(input);
      const lines = writeProof(chain, CLEAN.proof, random).split('\n');
      const index = place % lines.length;
      lines[index] = (lines[index] ?? '').replace(/= (\d+)$/, (_, result: string) => `= ${(Number(result) + by) % 11}`);
      const proof = lines.join('\n');
      expect(rehearsalChecker.proofScore(problem, proof)).toBe(0);
      const claims = readAnalysis(writeAnalysis(chain, proof, CLEAN.analysis, random)).lines.filter(
        ({ verdict }) => verdict === 'wrong',
      );
      expect(claims.map(({ label }) => label)).toContain(labelOf(index));
    }),
  );
});

test('a clean meta-analysis of a sloppy analysis gives its true quality', () => {
  let agreed = 0;
  const count = 2000;
  for (let seed = 0; seed < count; seed += 1) {
    const { chain, problem, random } = chainFor({ length: 1 + (seed % 8), seed });
    const proof = writeProof(chain, NOISY_PROOF, random);
    const analysis = writeAnalysis(chain, proof, SLOPPY.analysis, random);
    const parsed = parseAnswer('metaVerify', writeMetaAnalysis(chain, proof, analysis, CLEAN.metaAnalysis, random));
    if (parsed.kind === 'wellFormed' && parsed.score === rehearsalChecker.analysis(problem, proof, analysis).quality)
      agreed += 1;
  }
  // The rest: an analysis that passes over foreign lines in silence.
  expect(agreed / count).toBeGreaterThan(0.98);
});

test('by the rubric that also scores misses, a clean meta-analysis gives the true quality likewise', () => {
  const checker = byRubric(rehearsalChecker, 'claimsAndMisses');
  const { metaAnalysis } = withMisses(CLEAN_TEACHER, 0).manners;
  let agreed = 0;
  let lower = 0;
  const count = 2000;
  for (let seed = 0; seed < count; seed += 1) {
    const { chain, problem, random } = chainFor({ length: 1 + (seed % 8), seed });
    const proof = writeProof(chain, NOISY_PROOF, random);
    const analysis = writeAnalysis(chain, proof, SLOPPY.analysis, random);
    const { quality } = checker.analysis(problem, proof, analysis);
    if (quality < rehearsalChecker.analysis(problem, proof, analysis).quality) lower += 1;
    const parsed = parseAnswer('metaVerify', writeMetaAnalysis(chain, proof, analysis, metaAnalysis, random));
    if (parsed.kind === 'wellFormed' && parsed.score === quality) agreed += 1;
  }
  expect(agreed / count).toBeGreaterThan(0.98);
  expect(lower / count).toBeGreaterThan(0.1);
});

test('every demonstration is well formed for its task and made of known words', () => {
  const known = new Set(VOCABULARY);
  fc.assert(
    fc.property(
      drawn,
      fc.constantFrom(...TASKS),
      fc.constantFrom(
        CLEAN_TEACHER,
        SLOPPY_TEACHER,
        withoutIntermediates(SLOPPY_TEACHER),
        withMisses(SLOPPY_TEACHER, 0.02),
      ),
      (input, task, teacher) => {
        const { chain, random } = chainFor(input);
        const { answer, proof = '', analysis = '' } = demonstrate(task, chain, teacher, random);
        expect(parseAnswer(task, answer)).toMatchObject({ kind: 'wellFormed' });
        const plain = PHRASES.reduce(
          (text, phrase) => text.replaceAll(phrase, ' '),
          [statementOf(chain), proof, analysis, answer].join(' '),
        );
        expect(plain.split(/\s+/).filter((word) => word !== '' && !known.has(word))).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

test('in the harder setting an analysis is as true as with intermediate values, and has none', () => {
  const { analysis } = withoutIntermediates(CLEAN_TEACHER).manners;
  fc.assert(
    fc.property(drawn, (input) => {
      const { chain, problem, random } = chainFor(input);
      const proof = writeProof(chain, NOISY_PROOF, random);
      const brief = writeAnalysis(chain, proof, analysis, random);
      expect(readAnalysis(brief).lines.every(({ expected }) => expected.split('=').length <= 2)).toBe(true);
      expect(rehearsalChecker.analysis(problem, proof, brief)).toEqual(
        rehearsalChecker.analysis(problem, proof, writeAnalysis(chain, proof, CLEAN.analysis, random)),
      );
    }),
  );
});

test('the sloppy teacher remarks on as many of the right lines of a flawed proof as of a sound one', () => {
  const shares = [1, 0].map((wanted) => {
    let falseRemarks = 0;
    let rightLines = 0;
    for (let seed = 0; seed < 4000; seed += 1) {
      const { chain, problem, random } = chainFor({ length: 4, seed });
      const proof = writeProof(chain, SLOPPY.proof, random);
      if (rehearsalChecker.proofScore(problem, proof) !== wanted) continue;
      falseRemarks += rehearsalChecker.analysis(
        problem,
        proof,
        writeAnalysis(chain, proof, SLOPPY.analysis, random),
      ).falseRemarks;
      rightLines += readProof(chain, proof).steps.filter(({ truth }) => truth === 'ok').length;
    }
    return falseRemarks / rightLines;
  });
  expect(shares[0]).toBeCloseTo(0.65 * 0.75 * (1 - 0.035), 1);
  expect(shares[1]).toBeCloseTo(0.65 * 0.75 * (1 - 0.035), 1);
});
