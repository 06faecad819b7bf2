import type { Command } from 'commander';
import { CANDIDATE_TARGETS, importCandidates, type ImportedCandidates } from '../../activities/imports/candidates.ts';
import { readLabel, type ReadLabel } from '../../activities/products/label/open.ts';
import { concurrencyAsked, nameOf, otherInput, promptsAsked } from '../../activities/products/open.ts';
import { markFormat } from '../../activities/store/format.ts';
import { percent, whole } from '../../reports/pages/format.ts';
import { productPlace, uri, type Place } from '../../shared/ids.ts';
import { policyOf } from '../../shared/label/policies.ts';
import { GOAL, OPTIONS_OF_LABEL, precisionWarning } from '../../shared/label/precision.ts';
import { simulatedCalls } from '../../shared/label/simulatedCalls.ts';
import { labelCalls } from '../../shared/products/estimate.ts';
import type { AskPeople, LabelInput, LabelProgress, LabelReport, LabelResult } from '../../shared/products/labels.ts';
import type { ArtifactRef, ProofRow } from '../../shared/records.ts';
import { productWorld } from '../../workers/products.ts';
import { store } from '../../workers/store.ts';
import { fieldsFrom, withFields } from '../team/fieldOption.ts';
import { UsageError, wholeFrom } from '../usage.ts';
import type { ToEstimate } from './estimate.ts';
import { labelledLines, labelLines } from './labelView.ts';
import { modelsFrom, numberFrom, productInput, withProductOptions, type ProductOptions } from './options.ts';
import { policyFrom, withPolicy, type PolicyOptions } from './policyOptions.ts';
import { pythonFor, runProduct } from './runProduct.ts';

interface LabelOptions extends ProductOptions, PolicyOptions {
  readonly field: readonly string[];
  readonly problems?: string;
  readonly longest?: string;
  readonly metaVerifier?: string;
  readonly metaEndpoint?: string;
  readonly metaRevision?: string;
  readonly ask?: boolean;
  readonly wait?: boolean;
  readonly seats?: string;
  readonly deadline?: string;
}

export function registerLabel(program: Command): void {
  const command = program
    .command('label')
    .summary('label a file of proofs by many verifications; people see what stays contested')
    .description(
      'Labels proofs 0, 0.5 or 1 (paper 2.3): n analyses of each proof, m meta-analyses of each that reports an ' +
        'issue, and k confirmed ones decide; no more calls than that. What is contested is listed, or asked of ' +
        'people. Writes labels as JSONL and Parquet, with the analyses that decided. Says before what it would ' +
        'take. Ctrl-C stops it; the same command goes on, and shows the labels once it has ended.',
    )
    .argument('<proofs...>', 'files: JSON, JSONL, CSV, TSV or Parquet, or what a `flywheel solve` came to');
  withFields(command.optionsGroup('The file:'), CANDIDATE_TARGETS)
    .option('--problems <file>', 'with the problems that rows name by id')
    .option('--longest <characters>', 'leaves longer proofs out (default: 400000)');
  withPolicy(command.optionsGroup('The rule:'));
  command
    .optionsGroup('Contested proofs:')
    .option('--ask', 'ask people about what has no automatic label (`flywheel review`), and wait for them')
    .option('--no-wait', 'do not wait for them: the same command takes up later what they said')
    .option('--seats <count>', 'people who answer each question (default: 2)')
    .option('--deadline <hours>', 'wait for people no longer; open questions stay open')
    .optionsGroup('Meta-verification:')
    .option('--meta, --meta-verifier <name>', 'the model that analyses analyses (default: the same)')
    .option('--meta-endpoint <url>', 'where it is served (default: --endpoint)')
    .option('--meta-revision <text>', 'its revision (default: 1)');
  withProductOptions(command, 'judges proofs', 'the model that judges, where it is not --model').action(label);
}

async function label(files: readonly string[], options: LabelOptions): Promise<void> {
  const say = (line: string): void => console.error(line);
  const { longest, problems } = options;
  const fields = fieldsFrom(options.field, CANDIDATE_TARGETS);
  const most = longest === undefined ? undefined : wholeFrom('--longest', longest, 1);
  const models = modelsOf(options);
  const policy = policyFrom(options);
  const ask = askFrom(options);
  await markFormat(store);
  const brought = await asUsage(() =>
    importCandidates(store, files, {
      fields,
      ...(problems !== undefined && { problems }),
      ...(most !== undefined && { longest: most }),
    }),
  );
  for (const line of takenLines(brought)) say(line);
  const given: LabelInput = {
    ...productInput(options),
    proofs: brought.uri,
    ...models,
    ...(policy !== undefined && { policy }),
    ...(ask && { ask }),
  };
  const read = await asUsage(() => readLabel(productWorld(), given));
  const input = { ...read.asked, name: nameOf(read.asked, files[0] ?? '') };
  const place = productPlace('label', input.name);
  await runProduct<LabelProgress, LabelResult>(
    {
      kind: 'label',
      place,
      input,
      python: await pythonFor(input),
      asksPeople: ask !== undefined,
      estimate: async () => toEstimate(read, brought.count),
      ended: () => endedAt(place, input),
      line: labelLines(policyOf(read.labelling), input.caps),
      tell: (result) => labelledLines(store, result, input.name),
    },
    options,
  );
}

function toEstimate(
  { asked, lap, labelling, verifier, metaVerifier, sampling }: ReadLabel,
  proofs: number,
): ToEstimate {
  return {
    kinds: labelCalls(policyOf(labelling), proofs, labelling.earlyStop),
    models: { model: metaVerifier, judge: verifier },
    sampling,
    prompts: promptsAsked(asked, lap),
    rows: async function* () {
      yield* store.readJsonl<ProofRow>(await store.refOf(asked.proofs));
    },
    concurrency: concurrencyAsked(asked, lap),
    caps: asked.caps,
    notes: foretold(labelling, proofs),
  };
}

/** What simulation says of the policy: the calls between fewest and most, and how right its labels are. */
function foretold(labelling: ReadLabel['labelling'], proofs: number): string[] {
  const policy = policyOf(labelling);
  const { analyses, metaAnalyses, contestedShare } = simulatedCalls(policy, labelling);
  const warning = precisionWarning(policy, GOAL, OPTIONS_OF_LABEL);
  return [
    `By simulation it takes about ${whole(proofs * analyses)} analyses and ${whole(proofs * metaAnalyses)} meta-analyses, and leaves ` +
      `${percent(contestedShare)} contested (n=${policy.analysesPerProof}, m=${policy.metaAnalysesPerAnalysis}, ` +
      `k=${policy.minValidAnalyses}, ${policy.rule ?? 'lowest'}).`,
    ...(warning === undefined ? [] : [`Warning: ${warning}`]),
  ];
}

/** What a `label` came to of which nothing is left to do: no proof for models, and no question for people. */
async function endedAt(place: Place, input: LabelInput): Promise<LabelResult | undefined> {
  const at = (file: string): string => uri.products(place, file);
  const report = await store.findJson<LabelReport>(at('report.json'));
  if (report === undefined || (await otherInput(store, place, input)) !== undefined) return undefined;
  const { labels: byLabel, labelledBy, decisions, people, spent } = report;
  const isAsked = input.ask === undefined || people.asked === decisions.contested + decisions.unresolved;
  if (decisions.capped > 0 || people.open > 0 || !isAsked) return undefined;
  if ((await store.stat(at('page.html'))) === undefined) return undefined;
  const [labels, parquet, evidence, contested, page] = await Promise.all(
    ['labels.jsonl', 'labels.parquet', 'evidence.jsonl', 'contested.jsonl', 'page.html'].map((file) =>
      store.refOf(at(file)),
    ),
  );
  if (!labels || !parquet || !evidence || !contested || !page) return undefined;
  const rows = (ref: ArtifactRef, count: number) => ({ ...ref, rows: count });
  return {
    place,
    labels: rows(labels, report.proofs),
    parquet,
    evidence: rows(evidence, await linesIn(evidence)),
    contested: rows(contested, byLabel.none),
    page,
    byLabel,
    labelledBy,
    decisions,
    people,
    spent,
  };
}

async function linesIn(ref: ArtifactRef): Promise<number> {
  let count = 0;
  for await (const _ of store.lines(ref)) count += 1;
  return count;
}

/** The judge: `--judge` where it is named, else `--model`; and who judges its analyses. */
function modelsOf(options: LabelOptions): Pick<LabelInput, 'verifier' | 'metaVerifier'> {
  const { metaVerifier: meta, metaEndpoint, metaRevision, endpoint } = options;
  const { model, judge } = modelsFrom(options);
  const verifier = judge ?? model;
  const metaUrl = metaEndpoint ?? endpoint ?? verifier?.endpoint;
  if (meta === undefined && (metaEndpoint ?? metaRevision) !== undefined)
    throw new UsageError('Expected --meta NAME with --meta-endpoint or --meta-revision, got none');
  if (meta !== undefined && metaUrl === undefined)
    throw new UsageError('Expected --meta-endpoint URL with --meta, got neither it nor --endpoint');
  return {
    ...(verifier && { verifier }),
    ...(meta !== undefined &&
      metaUrl !== undefined && {
        metaVerifier: { endpoint: metaUrl, model: meta, ...(metaRevision !== undefined && { revision: metaRevision }) },
      }),
  };
}

function askFrom({ ask = false, wait = true, seats, deadline }: LabelOptions): AskPeople | undefined {
  const [without] = [!wait && '--no-wait', seats && '--seats', deadline && '--deadline'].filter(Boolean);
  if (!ask && without) throw new UsageError(`Expected --ask with ${without}, got none: nobody is asked without it`);
  if (!ask) return undefined;
  return {
    ...(!wait && { wait }),
    ...(seats !== undefined && { seats: wholeFrom('--seats', seats, 1) }),
    ...(deadline !== undefined && {
      deadlineHours: numberFrom('--deadline', deadline, 'hours above 0', (hours) => hours > 0),
    }),
  };
}

function takenLines({ count, problems, dropped, notes }: ImportedCandidates): string[] {
  const [{ where, why } = { where: '', why: '' }] = dropped;
  return [
    `${count} proofs of ${problems} problems` +
      (dropped.length > 0 ? `; ${dropped.length} left out, such as ${where}: ${why}` : ''),
    ...notes.map((note) => `Note: ${note}`),
  ];
}

async function asUsage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
