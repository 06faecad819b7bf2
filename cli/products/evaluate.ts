import type { Command } from 'commander';
import { FORM_NAMES } from '../../activities/imports/graded/forms.ts';
import { readEvaluation } from '../../activities/products/evaluation.ts';
import { concurrencyAsked, nameOf, otherInput, promptsAsked } from '../../activities/products/open.ts';
import { evaluationLines } from '../../reports/products/evaluationTable.ts';
import { productPlace, uri, type Place } from '../../shared/ids.ts';
import { evaluationCalls } from '../../shared/products/estimate.ts';
import type { EvaluationReport } from '../../shared/products/evaluation.ts';
import type { EvaluateInput, EvaluateProgress, EvaluateResult } from '../../shared/products/evaluationInput.ts';
import type { AskedModel, ModelChoice } from '../../shared/products/models.ts';
import type { Problem, ScoredProof } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { productWorld } from '../../workers/products.ts';
import { store } from '../../workers/store.ts';
import { withFields } from '../team/fieldOption.ts';
import { UsageError, wholeFrom } from '../usage.ts';
import type { ToEstimate } from './estimate.ts';
import { evaluationLine } from './evaluateView.ts';
import { gradedFrom, GRADED_TARGETS, type GradedOptions } from './gradedFrom.ts';
import { modelsFrom, problemsFrom, productInput, withProductOptions, type ProductOptions } from './options.ts';
import { pythonFor, runProduct } from './runProduct.ts';

interface EvaluateOptions extends ProductOptions, GradedOptions {
  readonly generator?: boolean;
  readonly analyses?: string;
  readonly metaAnalyses?: string;
  readonly metaVerifier?: string;
  readonly metaEndpoint?: string;
  readonly proofs?: string;
  readonly attempts?: string;
  readonly against?: string;
  readonly againstEndpoint?: string;
  readonly againstRevision?: string;
  readonly againstLap?: string;
}

/** Of an evaluation, in its place. */
const FILES = ['report.json', 'report.html', 'outcomes.jsonl'] as const;
export function registerEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .summary("measure a verifier against people's grades, or a generator one-shot")
    .description(
      'Holds a verifier against proofs that people have graded: accuracy, confusion, balanced F1, calibration, how far ' +
        'its verdicts agree, and what automatic labels by them would be worth. With --generator: proofs of each ' +
        'problem and the majority of analyses of each by a judge, by topic (paper 3.3.1); of a graded set, and no ' +
        'model named, by the grades. Two models side by side with --against, paired by problem. Needs no lap, no ' +
        'training and no Python. Says before what it would take. Ctrl-C stops it; the same command goes on, and shows ' +
        'the figures once it has ended.',
    )
    .argument('<files...>', 'graded proofs, or of a generator problems: JSON, JSONL, CSV, TSV or Parquet')
    .optionsGroup('What is measured:')
    .option('--generator', 'a generator, not a verifier')
    .option('--analyses <n>', 'of each proof (default: 8)')
    .option('--meta-analyses <m>', 'of each analysis that reports an issue (default: 0)')
    .option('--proofs <number>', 'that a generator writes of each problem (default: 8)')
    .option('--attempts <number>', 'times an answer that cannot be read is asked for (default: 1)')
    .optionsGroup('The grades:')
    .option('--grades <scale>', 'what they mean, such as "7→1, 1-6→0.5, 0→0" or "pass->1, fail->0"')
    .option('--half <score>', 'where they are right or wrong alone, what a verdict of 0.5 counts as (default: 0)')
    .option('--grader <name>', 'who graded (default: as the form says, or the graders of the file)')
    .option(
      '--format <name>',
      `of a public set: ${FORM_NAMES.join(', ')}; plain for none (default: as the fields tell)`,
    )
    .option('--problems <file>', 'with the problems that rows name by id');
  withFields(command, GRADED_TARGETS)
    .optionsGroup('Further models:')
    .option('--meta-verifier <name>', 'who writes meta-analyses (default: the verifier itself)')
    .option('--meta-endpoint <url>', 'where it is served (default: --endpoint)')
    .option('--against <name>', 'a second model, on the same rows under the same seeds')
    .option('--against-endpoint <url>', 'where it is served (default: --endpoint)')
    .option('--against-revision <text>', 'its revision (default: 1)')
    .option('--against-lap <lap>', "a finished lap's model as the second");
  withProductOptions(
    command,
    'is measured',
    "with --generator, the model that judges its proofs (default: the lap's verifier)",
  ).action(evaluate);
}

async function evaluate(files: readonly string[], options: EvaluateOptions): Promise<void> {
  const { generator = false, analyses, metaAnalyses, proofs, attempts } = options;
  const byPeople = generator && [options.endpoint, options.model, options.lap].every((named) => named === undefined);
  refuseWhatDoesNotGo(options, generator, byPeople);
  const say = (line: string): void => console.error(line);
  const asked: EvaluateInput = {
    ...productInput(options),
    ...(generator && { subject: 'generator' }),
    ...(byPeople ? {} : modelsOf(options, generator)),
    ...(generator && !byPeople
      ? { problems: await problemsFrom(oneOf(files), say) }
      : await gradedFrom(files, options, say)),
    ...(analyses !== undefined && { analyses: wholeFrom('--analyses', analyses, 1) }),
    ...(metaAnalyses !== undefined && { metaAnalyses: wholeFrom('--meta-analyses', metaAnalyses, 0) }),
    ...(proofs !== undefined && { proofsPerProblem: wholeFrom('--proofs', proofs, 1) }),
    ...(attempts !== undefined && { attempts: wholeFrom('--attempts', attempts, 1) }),
  };
  const input = { ...asked, name: nameOf(asked, files[0] ?? '') };
  const place = productPlace('evaluate', input.name);
  await runProduct<EvaluateProgress, EvaluateResult>(
    {
      kind: 'evaluate',
      place,
      input,
      python: await pythonFor(input, { lap: input.againstLap }),
      ...(!byPeople && { estimate: () => toEstimate(input) }),
      ended: () => endedAt(place, input),
      line: evaluationLine(),
      tell: tellEnd,
    },
    options,
  );
}

/** Options that say nothing of what is measured are refused rather than passed over. */
function refuseWhatDoesNotGo(options: EvaluateOptions, generator: boolean, byPeople: boolean): void {
  const refuse = (names: readonly (keyof EvaluateOptions)[], why: string): void => {
    const given = names.find((name) => options[name] !== undefined);
    if (given !== undefined) throw new UsageError(`Expected no ${optionOf(given)} ${why}`);
  };
  if (!generator) refuse(['proofs', 'judge', 'judgeEndpoint', 'judgeRevision'], 'where a verifier is measured');
  else refuse(['metaAnalyses', 'metaVerifier', 'metaEndpoint'], 'with --generator');
  if (generator && !byPeople)
    refuse(
      ['grades', 'grader', 'format', 'half', 'problems'],
      'where a model writes the proofs: nobody has graded them',
    );
  if (byPeople)
    refuse(
      ['analyses', 'proofs', 'attempts', 'judge', 'against', 'againstEndpoint', 'againstLap'],
      'where people have graded the proofs: no model is asked (name one with --endpoint and --model)',
    );
}

const optionOf = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;

function oneOf(files: readonly string[]): string {
  const [file = '', ...more] = files;
  if (more.length > 0)
    throw new UsageError(`Expected one file of problems, got ${files.length}: put them into one, or evaluate each`);
  return file;
}

function modelsOf(options: EvaluateOptions, generator: boolean): Partial<EvaluateInput> {
  const { endpoint, against, againstEndpoint = endpoint, againstRevision, againstLap, lap } = options;
  const { metaVerifier, metaEndpoint = endpoint } = options;
  const { model, judge } = modelsFrom(options);
  if (generator && judge === undefined && lap === undefined)
    throw new UsageError('Expected --judge NAME with --generator: every figure says who judged, got none');
  if (against !== undefined && againstLap !== undefined)
    throw new UsageError('Expected --against or --against-lap, got both');
  const choice = (option: string, url: string | undefined, name: string, revision?: string): ModelChoice => {
    if (url === undefined)
      throw new UsageError(`Expected ${option}-endpoint URL with the model ${name}, got neither it nor --endpoint`);
    return { endpoint: url, model: name, ...(revision !== undefined && { revision }) };
  };
  return {
    ...(model && { [generator ? 'generator' : 'verifier']: model }),
    ...(generator && judge && { verifier: judge }),
    ...(metaVerifier !== undefined && { metaVerifier: choice('--meta', metaEndpoint, metaVerifier) }),
    ...(against !== undefined && { against: choice('--against', againstEndpoint, against, againstRevision) }),
    ...(againstLap !== undefined && { againstLap }),
  };
}

async function toEstimate(input: EvaluateInput): Promise<ToEstimate> {
  const read = await readEvaluation(productWorld(), input);
  const { asked, file, lap, other, models, judges, sampling } = read;
  const ref = await store.refOf(file);
  async function* rows(): AsyncGenerator<Pick<SetRow, 'problem' | 'proof'>> {
    for await (const row of store.readJsonl<Problem & Partial<ScoredProof>>(ref))
      yield asked.proofs === undefined ? { problem: row } : { problem: row.problem ?? row, proof: row.proof ?? '' };
  }
  let count = 0;
  for await (const _ of rows()) count += 1;
  const [model, judge = model] = [models[0] as AskedModel, judges[0]];
  return {
    kinds: evaluationCalls(asked.subject ?? 'verifier', { ...read, rows: count, models: models.length }),
    models: { model, judge },
    sampling,
    prompts: promptsAsked(asked, lap ?? other),
    rows,
    concurrency: concurrencyAsked(asked, lap ?? other),
    caps: asked.caps,
  };
}

/** What an evaluation of this very input came to, in which all was asked. */
async function endedAt(place: Place, input: EvaluateInput): Promise<EvaluateResult | undefined> {
  const [report, page, outcomes] = FILES.map((file) => uri.products(place, file)) as [string, string, string];
  const read = await store.findJson<EvaluationReport>(report);
  if (read?.isWhole !== true || (await otherInput(store, place, input)) !== undefined) return undefined;
  return { place, report, page, outcomes, notes: read.notes };
}

async function tellEnd({ place, report, page, outcomes }: EvaluateResult) {
  const read = await store.readJson<EvaluationReport>(report);
  const files = await Promise.all([page, report, outcomes].map((file) => store.local(file)));
  return {
    lines: [
      ...evaluationLines(read),
      '',
      ...files.map((file, index) => `${['Page', 'Figures', 'Proofs, one by one'][index]}: ${file}`),
    ],
    json: { place, report: read, page: files[0], figures: files[1], outcomes: files[2] },
  };
}
