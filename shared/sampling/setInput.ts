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
  NOT_NEGATIVE,
  OBJECT,
  oneOf,
  optional,
  PATH,
  POSITIVE,
  PROMPTS,
  TEXT,
  type Field,
  type Rule,
} from '../inputRules.ts';
import { prefixOf } from '../ids.ts';
import { modelKey, TASKS, type ModelRef } from '../records.ts';
import type { SetCaps } from './caps.ts';
import { LABEL_RULES, type LabelSetInput, type SampleSetInput } from './sets.ts';

const ENGINE = { engine: TEXT, shardRows: FROM_ONE, window: FROM_ONE, maxConcurrency: FROM_ONE };
const POLICY: Readonly<Record<string, Rule>> = {
  analysesPerProof: FROM_ONE,
  metaAnalysesPerAnalysis: COUNT,
  minValidAnalyses: FROM_ONE,
  confirmingMetaScore: POSITIVE,
  rule: optional(oneOf(LABEL_RULES)),
};
const ANY = { setId: PATH, prompts: PROMPTS, sampling: OBJECT, seed: INTEGER };
const SAMPLE = {
  ...ANY,
  task: oneOf(TASKS),
  model: OBJECT,
  samplesPerRow: FROM_ONE,
  attempts: FROM_ONE,
  leastMean: optional(NOT_NEGATIVE),
  halves: optional(BOOLEAN),
};
const LABEL = {
  ...ANY,
  verifier: OBJECT,
  metaVerifier: OBJECT,
  waves: listOf(FROM_ONE),
  earlyStop: BOOLEAN,
  verdictAttempts: FROM_ONE,
};

const CAPS = { calls: optional(COUNT), tokens: optional(COUNT), cost: optional(NOT_NEGATIVE) };
const PRICE = {
  perMillionPromptTokens: NOT_NEGATIVE,
  perMillionCompletionTokens: NOT_NEGATIVE,
  perMillionCachedPromptTokens: optional(NOT_NEGATIVE),
};

/** Caps are of a place that the set is below, and money is none where a model has no price. */
function capFields(setId: unknown, given: unknown, models: readonly unknown[]): Field[] {
  if (given === undefined) return [];
  const { place, cost, prices } = loose<SetCaps>(given);
  const above: Rule = [
    `the place of ${String(setId)}, or one above it`,
    (value) => PATH[1](value) && String(setId).startsWith(prefixOf(value as string)),
  ];
  const keys = models.filter(isModel).map(modelKey);
  return [
    ['caps', given, OBJECT],
    ['caps.place', place, above],
    ...fieldsOf('caps.', given, CAPS),
    ['caps.prices', prices, optional(OBJECT)],
    ...(cost === undefined ? [] : keys.flatMap((key) => priceFields(key, loose<Record<string, unknown>>(prices)[key]))),
  ];
}

const isModel = (model: unknown): model is ModelRef =>
  OBJECT[1](model) &&
  (!('checkpoint' in (model as object)) || OBJECT[1]((model as { checkpoint: unknown }).checkpoint));

const priceFields = (key: string, price: unknown): Field[] => [
  [`caps.prices["${key}"], which caps.cost needs,`, price, OBJECT],
  ...fieldsOf(`caps.prices["${key}"].`, price, PRICE),
];

/** What is wrong with the input of a set, in a sentence that names the field; undefined when nothing is. */
export function refusalOfSampleSet(input: SampleSetInput): string | undefined {
  const { setId, rows, engine, decides, model, caps } = loose<SampleSetInput>(input);
  return firstWrong([
    ...fieldsOf('', input, SAMPLE),
    ...datasetFields('rows', rows),
    ...(decides === undefined ? [] : fieldsOf('decides.', decides, POLICY)),
    ...fieldsOf('engine.', engine, ENGINE),
    ...capFields(setId, caps, [model]),
  ]);
}

export function refusalOfLabelSet(input: LabelSetInput): string | undefined {
  const { setId, proofs, policy, sampling, engine, verifier, metaVerifier, caps } = loose<LabelSetInput>(input);
  return firstWrong([
    ...fieldsOf('', input, LABEL),
    ...datasetFields('proofs', proofs),
    ...fieldsOf('policy.', policy, POLICY),
    ...fieldsOf('sampling.', sampling, { verify: OBJECT, metaVerify: OBJECT }),
    ...fieldsOf('engine.', engine, ENGINE),
    ...capFields(setId, caps, [verifier, metaVerifier]),
  ]);
}
