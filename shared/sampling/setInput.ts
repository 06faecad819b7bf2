import {
  BOOLEAN,
  COUNT,
  datasetFields,
  fieldsOf,
  firstWrong,
  FROM_ONE,
  INTEGER,
  listOf,
  loose,
  OBJECT,
  oneOf,
  PATH,
  POSITIVE,
  PROMPTS,
  TEXT,
  type Rule,
} from '../inputRules.ts';
import { TASKS } from '../records.ts';
import { LABEL_RULES, type LabelSetInput, type SampleSetInput } from './sets.ts';

const ENGINE = { engine: TEXT, shardRows: FROM_ONE, window: FROM_ONE, maxConcurrency: FROM_ONE };
const RULE = oneOf(LABEL_RULES);
const POLICY: Readonly<Record<string, Rule>> = {
  analysesPerProof: FROM_ONE,
  metaAnalysesPerAnalysis: COUNT,
  minValidAnalyses: FROM_ONE,
  confirmingMetaScore: POSITIVE,
  rule: [RULE[0], (rule) => rule === undefined || RULE[1](rule)],
};
const ANY = { setId: PATH, prompts: PROMPTS, sampling: OBJECT, seed: INTEGER };
const SAMPLE = { ...ANY, task: oneOf(TASKS), model: OBJECT, samplesPerRow: FROM_ONE, attempts: FROM_ONE };
const LABEL = {
  ...ANY,
  verifier: OBJECT,
  metaVerifier: OBJECT,
  waves: listOf(FROM_ONE),
  earlyStop: BOOLEAN,
  verdictAttempts: FROM_ONE,
};

/** What is wrong with the input of a set, in a sentence that names the field; undefined when nothing is. */
export function refusalOfSampleSet(input: SampleSetInput): string | undefined {
  const { rows, engine, decides } = loose<SampleSetInput>(input);
  return firstWrong([
    ...fieldsOf('', input, SAMPLE),
    ...datasetFields('rows', rows),
    ...(decides === undefined ? [] : fieldsOf('decides.', decides, POLICY)),
    ...fieldsOf('engine.', engine, ENGINE),
  ]);
}

export function refusalOfLabelSet(input: LabelSetInput): string | undefined {
  const { proofs, policy, sampling, engine } = loose<LabelSetInput>(input);
  return firstWrong([
    ...fieldsOf('', input, LABEL),
    ...datasetFields('proofs', proofs),
    ...fieldsOf('policy.', policy, POLICY),
    ...fieldsOf('sampling.', sampling, { verify: OBJECT, metaVerify: OBJECT }),
    ...fieldsOf('engine.', engine, ENGINE),
  ]);
}
