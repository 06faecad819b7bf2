import type {
  GeneratorEvaluation,
  JudgedProof,
  Losses,
  TruthFacts,
  VerifierEvaluation,
} from '../../shared/products/evaluation.ts';
import type { EvaluatedModel } from '../../shared/products/evaluationInput.ts';
import { SCORES } from '../../shared/scores.ts';
import { percent, whole } from '../pages/format.ts';

// What a person should know of an evaluation's figures, a sentence each.

/** Ours: of fewer problems an interval spans nearly everything. */
const FEW_PROBLEMS = 10;
/** Ours, as for the rewards of a lap: above it, what is lost may select. */
const MANY_LOST = 0.05;

export function verifierNotes(
  truth: TruthFacts,
  measured: readonly { readonly evaluation: VerifierEvaluation; readonly proofs: readonly JudgedProof[] }[],
  models: readonly EvaluatedModel[],
): string[] {
  const { isBinary, half, problems, byScore, proofs } = truth;
  const classes = SCORES.filter((score) => byScore[`${score}`] > 0);
  return [
    ...(isBinary
      ? [
          `The truth is right or wrong alone: a verdict of 0.5 counts as ${half ?? 0} in every figure but the ` +
            'confusion, which shows it, and 1 − |s′ − s|',
        ]
      : []),
    ...(problems < FEW_PROBLEMS ? [fewNote(problems)] : []),
    ...(classes.length === 1
      ? [`All proofs have the score ${classes.join('')}: a constant answer is always right of them`]
      : []),
    ...measured.flatMap(({ evaluation, proofs: judged }, index) => [
      ...stoppedNotes(models[index]),
      ...(judged.length < proofs
        ? [
            `${evaluation.judge} was asked all of ${whole(judged.length)} of ${whole(proofs)} proofs: its figures are ` +
              'of these',
          ]
        : []),
      ...lossNotes(evaluation.judge, 'verdicts', evaluation.losses.verify),
      ...(evaluation.m > 0 ? lossNotes(evaluation.metaJudge ?? '', 'meta-verdicts', evaluation.losses.metaVerify) : []),
      ...constantNotes(evaluation.judge, judged),
      ...(evaluation.figures.consistency === null
        ? [
            `How far the verdicts of ${evaluation.judge} agree is not measured: it takes two proofs, one of them with ` +
              'two verdicts, and verdicts that differ',
          ]
        : []),
    ]),
  ];
}

export function generatorNotes(
  measured: readonly { readonly evaluation: GeneratorEvaluation; readonly unjudged: number }[],
  models: readonly EvaluatedModel[],
): string[] {
  return measured.flatMap(({ evaluation: { generator, problems, losses }, unjudged }, index) => [
    ...stoppedNotes(models[index]),
    ...(unjudged > 0 ? [`${count(unjudged, 'proof')} of ${generator} were not judged, and are in no figure`] : []),
    ...(problems < FEW_PROBLEMS ? [fewNote(problems)] : []),
    ...(losses ? lossNotes(generator, 'proofs', losses.prove) : []),
    ...(losses ? lossNotes(`The judge of ${generator}`, 'verdicts', losses.verify) : []),
  ]);
}

export const gradedNotes = ({ problems }: TruthFacts): string[] => (problems < FEW_PROBLEMS ? [fewNote(problems)] : []);

const fewNote = (problems: number): string =>
  `Only ${count(problems, 'problem')}: intervals count problems, and are as wide as that`;

const stoppedNotes = (model: EvaluatedModel | undefined): string[] =>
  model?.stopped === undefined ? [] : [model.stopped];

function lossNotes(who: string, what: string, { asked, ...kinds }: Losses): string[] {
  const lost = Object.values(kinds).reduce((sum, each) => sum + each, 0);
  if (asked === 0 || lost / asked <= MANY_LOST) return [];
  const named = Object.entries(kinds).filter(([, each]) => each > 0);
  return [
    `${who} lost ${percent(lost / asked)} of ${whole(asked)} ${what} at the first attempt (` +
      `${named.map(([kind, each]) => `${whole(each)} ${kind}`).join(', ')}): what these would have said nobody knows`,
  ];
}

/** A judge that always says the same measures nothing. */
function constantNotes(judge: string, proofs: readonly JudgedProof[]): string[] {
  const said = new Set(proofs.flatMap(({ verdicts }) => verdicts.filter((score) => score !== undefined)));
  return said.size === 1 && proofs.length > 1 ? [`All verdicts of ${judge} are ${[...said].join('')}`] : [];
}

const count = (number: number, noun: string): string => `${whole(number)} ${noun}${number === 1 ? '' : 's'}`;
