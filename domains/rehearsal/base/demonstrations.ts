import type { Task } from '../../../shared/records.ts';
import { readAnalysis } from '../analyses.ts';
import type { Chain } from '../chain.ts';
import { CLEAN, NOISY_PROOF, SLOPPY, SLOPPY_REVISION, type Manners } from './manners.ts';
import { SELF_EVALUATION, SOLUTION } from '../phrases.ts';
import {
  writeAnalysis,
  writeMetaAnalysis,
  writeProof,
  writeRefinement,
  writeSelfEvaluation,
  type Random,
} from './teacher.ts';

/** One example to imitate: the texts that its prompt needs, and the answer. */
interface Demonstration {
  readonly task: Task;
  readonly proof?: string;
  readonly analysis?: string;
  readonly answer: string;
}

export interface Teacher {
  /** In proving, evaluating and judging. */
  readonly manners: Manners;
  readonly revision: Manners['proof'];
  /** Proofs that are put before it: one of these manners each, drawn evenly. */
  readonly given: readonly Manners['proof'][];
  /** Analyses that are put before it, in the same way. */
  readonly givenAnalyses: readonly Manners['analysis'][];
  /** The first draft where it judges itself: one that leaves something to find. */
  readonly draft: Manners['proof'];
}

export const CLEAN_TEACHER: Teacher = {
  manners: CLEAN,
  revision: CLEAN.proof,
  given: [NOISY_PROOF, NOISY_PROOF, SLOPPY.proof],
  givenAnalyses: [SLOPPY.analysis, SLOPPY.analysis, CLEAN.analysis],
  draft: SLOPPY.proof,
};

export const SLOPPY_TEACHER: Teacher = {
  manners: SLOPPY,
  revision: SLOPPY_REVISION,
  given: [NOISY_PROOF, SLOPPY.proof, SLOPPY.proof],
  givenAnalyses: [SLOPPY.analysis, SLOPPY.analysis, SLOPPY.analysis, CLEAN.analysis],
  draft: SLOPPY.proof,
};

/**
 * The same teacher, blind to what happens inside a merged line: every analysis that it writes or is shown is without
 * intermediate values.
 */
export function withoutIntermediates(teacher: Teacher): Teacher {
  return {
    ...teacher,
    manners: { ...teacher.manners, analysis: brief(teacher.manners.analysis) },
    givenAnalyses: teacher.givenAnalyses.map(brief),
  };
}

/** The same teacher, who judges analyses by the rubric that also scores what they miss. */
export function withMisses(teacher: Teacher, misjudgePassed: number): Teacher {
  const { manners } = teacher;
  return { ...teacher, manners: { ...manners, metaAnalysis: { ...manners.metaAnalysis, misjudgePassed } } };
}

function brief(analysis: Manners['analysis']): Manners['analysis'] {
  return { ...analysis, intermediates: false };
}

/** Revisions that a trajectory makes after its draft, at most. The same as `maxRevisions` of the preset. */
const MAX_REVISIONS = 2;

export function demonstrate(task: Task, chain: Chain, teacher: Teacher, random: Random): Demonstration {
  return { task, ...DEMONSTRATIONS[task](chain, teacher, random) };
}

type Demonstrate = (chain: Chain, teacher: Teacher, random: Random) => Omit<Demonstration, 'task'>;

const DEMONSTRATIONS: Readonly<Record<Task, Demonstrate>> = {
  prove: (chain, { manners }, random) => ({ answer: solution(writeProof(chain, manners.proof, random)) }),
  refine: (chain, teacher, random) => {
    const given = analysedProof(chain, teacher, random);
    return { ...given, answer: solution(writeRefinement(chain, given.analysis, teacher.revision, random)) };
  },
  selfVerify: (chain, { manners, draft }, random) => {
    const proof = writeProof(chain, draft, random);
    return { answer: `${solution(proof)}\n${selfEvaluation(writeSelfEvaluation(chain, proof, manners, random))}` };
  },
  selfRefine: (chain, teacher, random) => ({ answer: writeTrajectory(chain, teacher, random) }),
  verify: (chain, { manners, given }, random) => {
    const proof = writeProof(chain, pick(given, random), random);
    return { proof, answer: writeAnalysis(chain, proof, manners.analysis, random) };
  },
  metaVerify: (chain, teacher, random) => {
    const given = analysedProof(chain, teacher, random);
    return {
      ...given,
      answer: writeMetaAnalysis(chain, given.proof, given.analysis, teacher.manners.metaAnalysis, random),
    };
  },
};

/** Draft, self-evaluation, revision, …: ends when the self-evaluation finds nothing, or with the last revision's. */
function writeTrajectory(chain: Chain, teacher: Teacher, random: Random): string {
  let proof = writeProof(chain, teacher.draft, random);
  const parts: string[] = [];
  for (let revision = 0; ; revision += 1) {
    const evaluation = writeSelfEvaluation(chain, proof, teacher.manners, random);
    parts.push(solution(proof), selfEvaluation(evaluation));
    if (revision === MAX_REVISIONS || readAnalysis(evaluation).score === 1) return parts.join('\n');
    proof = writeRefinement(chain, evaluation, teacher.revision, random);
  }
}

function analysedProof(chain: Chain, teacher: Teacher, random: Random): { proof: string; analysis: string } {
  const proof = writeProof(chain, pick(teacher.given, random), random);
  return { proof, analysis: writeAnalysis(chain, proof, pick(teacher.givenAnalyses, random), random) };
}

function solution(proof: string): string {
  return `${SOLUTION}\n${proof}`;
}

function selfEvaluation(evaluation: string): string {
  return `${SELF_EVALUATION}\n${evaluation}`;
}

function pick<T>(choices: readonly T[], random: Random): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
