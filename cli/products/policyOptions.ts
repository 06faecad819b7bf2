import type { Command } from 'commander';
import { LABELLING, type LabellingName } from '../../shared/label/policies.ts';
import type { LabellingChoice } from '../../shared/products/labels.ts';
import { LABEL_RULES, type LabelRule } from '../../shared/sampling/sets.ts';
import { UsageError, wholeFrom } from '../usage.ts';

/** Options that say by which rule labels are given. */
export interface PolicyOptions {
  readonly policy?: string;
  readonly n?: string;
  readonly m?: string;
  readonly k?: string;
  readonly rule?: string;
  readonly confirming?: string;
}

const NAMES = Object.keys(LABELLING).sort();

export const withPolicy = (command: Command): Command =>
  command
    .option('--policy <name>', `n, m, k and the rule of ${NAMES.join(', ')} (default: the lap's, else team)`)
    .option('-n, --n <count>', 'analyses of each proof (team: 16)')
    .option('-m, --m <count>', 'meta-analyses of each that reports an issue (team: 8); 0: without meta-verification')
    .option('-k, --k <count>', 'confirmed analyses that a label takes (team: 3), or a share of n such as 1/8')
    .option('--rule <rule>', 'lowest (the prose of the paper) or cumulative (k witnesses at or below a score; team)')
    .option('--confirming <score>', 'smallest meta score that confirms: 0.5 or 1 (team: 1)');

/** What the options say; undefined where they say nothing. @throws UsageError naming the option. */
export function policyFrom(options: PolicyOptions): LabellingChoice | undefined {
  const { policy, n, m, k, rule, confirming } = options;
  if (policy !== undefined && !isName(policy))
    throw new UsageError(`Expected --policy to be one of ${NAMES.join(', ')}, got ${JSON.stringify(policy)}`);
  const choice: LabellingChoice = {
    ...(policy !== undefined && { like: policy }),
    ...(n !== undefined && { analysesPerProof: wholeFrom('--n', n, 1) }),
    ...(m !== undefined && { metaAnalysesPerAnalysis: wholeFrom('--m', m, 0) }),
    ...(k !== undefined && { minValidAnalyses: witnessesFrom(k) }),
    ...(rule !== undefined && { rule: ruleFrom(rule) }),
    ...(confirming !== undefined && { confirmingMetaScore: confirmingFrom(confirming) }),
  };
  return Object.keys(choice).length > 0 ? choice : undefined;
}

const isName = (name: string): name is LabellingName => Object.hasOwn(LABELLING, name);

/** A number of analyses, or a share of them. @throws UsageError */
export function witnessesFrom(text: string): number {
  const [, part, whole] = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(text) ?? [];
  const share = part === undefined ? Number(text) : Number(part) / Number(whole);
  if (text.trim() !== '' && share > 0 && share < 1) return share;
  if (part === undefined && text.trim() !== '' && Number.isInteger(share) && share >= 1) return share;
  throw new UsageError(
    `Expected --k to be a whole number of at least 1, or a share of n such as 1/8, got ${JSON.stringify(text)}`,
  );
}

export function ruleFrom(text: string): LabelRule {
  const rule = LABEL_RULES.find((each) => each === text);
  if (rule === undefined)
    throw new UsageError(`Expected --rule to be ${LABEL_RULES.join(' or ')}, got ${JSON.stringify(text)}`);
  return rule;
}

export function confirmingFrom(text: string): 0.5 | 1 {
  if (text === '0.5') return 0.5;
  if (text === '1') return 1;
  throw new UsageError(`Expected --confirming to be 0.5 or 1, got ${JSON.stringify(text)}`);
}
