import type { Command } from 'commander';
import { labelPlace, storedLabel, writeRelabelled } from '../../activities/products/label/relabel.ts';
import { storedLabels, type StoredLabels } from '../../activities/sets/storedLabels.ts';
import { store } from '../../workers/store.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { writeLabelPage } from '../../reports/products/writeLabelPage.ts';
import { witnessesOf } from '../../shared/label/policies.ts';
import { relabelled } from '../../shared/label/replay.ts';
import type { AutoLabelPolicy, LabelDecision } from '../../shared/sampling/sets.ts';
import { labelledLines } from '../products/labelView.ts';
import { confirmingFrom, ruleFrom, witnessesFrom } from '../products/policyOptions.ts';
import { UsageError, wholeFrom } from '../usage.ts';

interface RelabelOptions {
  readonly n?: string;
  readonly m?: string;
  readonly k?: string;
  readonly confirming?: string;
  readonly rule?: string;
  readonly rows?: boolean;
  readonly to?: string;
  readonly json?: boolean;
}

/** A proof under the other policy: its label, or what would have to be asked first to have one. */
interface Relabelled {
  readonly proofId: string;
  readonly before: LabelDecision;
  readonly after: LabelDecision | { readonly kind: 'open' };
  /** Calls of the next wave that an open proof needs; later waves depend on their outcomes. */
  readonly nextAnalyses: number;
  readonly nextMetaAnalyses: number;
}

/**
 * `flywheel relabel`: what another policy makes of the outcomes that are there. Calls no model, and changes nothing.
 */
export function registerRelabel(program: Command): void {
  program
    .command('relabel')
    .summary('labels under another policy, without a call')
    .description(
      'Decides the proofs of a finished label set again, from its stored outcomes, under another policy; says ' +
        'what would still have to be asked. Nothing is called or changed. Of a `flywheel label`, its files may be ' +
        'written as that policy has them.',
    )
    .argument('<set>', 'such as main/lap-0001/label/verdicts, or a `flywheel label` such as label/mine')
    .option('-n, --n <count>', 'analyses per proof (default: as labelled)')
    .option('-m, --m <count>', 'meta-analyses per analysis; 0 = without meta-verification')
    .option('-k, --k <count>', 'valid lowest-score analyses needed, or a share of n such as 1/8')
    .option('--confirming <score>', 'smallest meta score that confirms: 0.5 or 1')
    .option('--rule <rule>', 'lowest (the prose of the paper) or cumulative (k witnesses at or below a score)')
    .option('--to <name>', "of a `flywheel label`: writes the labels as label/<name>, with people's answers")
    .option('--rows', 'print a JSON line per proof first')
    .option('--json', 'print one JSON object')
    .action(async (set: string, options: RelabelOptions) => {
      const { policy, summary, rows } = await relabel(store, set, options);
      if (options.rows) for (const row of rows) console.log(JSON.stringify(row));
      const written = options.to === undefined ? undefined : await writtenAs(store, set, options.to, policy);
      if (options.json)
        console.log(JSON.stringify({ set, policy, ...summary, ...(written && { written: written.json }) }));
      else console.log([textOf(set, policy, summary), ...(written ? ['', ...written.lines] : [])].join('\n'));
    });
}

/** @throws UsageError */
async function writtenAs(store: ArtifactStore, set: string, to: string, policy: AutoLabelPolicy) {
  const from = await labelPlace(store, set);
  if (from === undefined)
    throw new UsageError(`Expected --to with a \`flywheel label\`, such as label/mine, got ${JSON.stringify(set)}`);
  const written = await writeRelabelled(store, { from, to, policy }).catch((error: Error) => {
    throw new UsageError(error.message, { cause: error });
  });
  const { place, proofs } = written;
  const page = await writeLabelPage(store, { place, from, proofs });
  return labelledLines(store, { ...written, page }, to, false);
}

/** @throws UsageError for a set that is not a finished label set, or a policy that is none. */
export async function relabel(store: ArtifactStore, set: string, options: RelabelOptions) {
  const {
    policy: asked,
    waves,
    proofs,
  } = await storedIn(store, set).catch((error: Error) => {
    throw new UsageError(error.message);
  });
  const policy = changedPolicy(asked, options);
  const rows = proofs.map(({ proofId, decision, evidence }): Relabelled => {
    const step = relabelled(policy, waves, evidence);
    return {
      proofId,
      before: decision,
      after: step.kind === 'stop' ? step.decision : { kind: 'open' },
      nextAnalyses: step.kind === 'ask' ? step.wave.analyses : 0,
      nextMetaAnalyses: step.kind === 'ask' ? step.wave.metas.reduce((sum, { count }) => sum + count, 0) : 0,
    };
  });
  return { policy, rows, summary: summaryOf(rows) };
}

async function storedIn(store: ArtifactStore, set: string): Promise<StoredLabels> {
  const label = await labelPlace(store, set);
  return label === undefined ? storedLabels(store, set) : storedLabel(store, label);
}

function changedPolicy(asked: AutoLabelPolicy, { n, m, k, confirming, rule }: RelabelOptions): AutoLabelPolicy {
  const analysesPerProof = n === undefined ? asked.analysesPerProof : wholeFrom('-n', n, 1);
  const chosen = rule === undefined ? asked.rule : ruleFrom(rule);
  return {
    analysesPerProof,
    metaAnalysesPerAnalysis: m === undefined ? asked.metaAnalysesPerAnalysis : wholeFrom('-m', m, 0),
    minValidAnalyses: k === undefined ? asked.minValidAnalyses : witnessesOf(witnessesFrom(k), analysesPerProof),
    confirmingMetaScore: confirming === undefined ? asked.confirmingMetaScore : confirmingFrom(confirming),
    ...(chosen && { rule: chosen }),
  };
}

function summaryOf(rows: readonly Relabelled[]) {
  const name = (decision: Relabelled['after']): string =>
    decision.kind === 'labelled' ? String(decision.score) : decision.kind;
  const changes: Record<string, number> = {};
  for (const { before, after } of rows) {
    const change = `${name(before)} → ${name(after)}`;
    changes[change] = (changes[change] ?? 0) + 1;
  }
  const sum = (of: (row: Relabelled) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    proofs: rows.length,
    unchanged: rows.filter(({ before, after }) => name(before) === name(after)).length,
    changes,
    stillToAsk: {
      proofs: rows.filter(({ after }) => after.kind === 'open').length,
      nextWave: {
        analyses: sum(({ nextAnalyses }) => nextAnalyses),
        metaAnalyses: sum(({ nextMetaAnalyses }) => nextMetaAnalyses),
      },
    },
  };
}

function textOf(
  set: string,
  policy: AutoLabelPolicy,
  { proofs, unchanged, changes, stillToAsk }: ReturnType<typeof summaryOf>,
): string {
  return [
    `${set} at n=${policy.analysesPerProof}, m=${policy.metaAnalysesPerAnalysis}, k=${policy.minValidAnalyses}, ` +
      `rule ${policy.rule ?? 'lowest'}, confirmed from ${policy.confirmingMetaScore}: ${unchanged} of ${proofs} ` +
      `labels as before`,
    ...Object.entries(changes)
      .sort(([, a], [, b]) => b - a)
      .map(([change, count]) => `  ${change.padEnd(24)} ${count}`),
    stillToAsk.proofs === 0
      ? 'Nothing would have to be asked.'
      : `${stillToAsk.proofs} proofs are open: the next wave would ask for ${stillToAsk.nextWave.analyses} ` +
        `analyses and ${stillToAsk.nextWave.metaAnalyses} meta-analyses; later waves depend on them.`,
  ].join('\n');
}
