import type { Command } from 'commander';
import { domains } from '../../domains/index.ts';
import { scoredLabels, type ScoredLabels } from '../../activities/datasets/labelScores.ts';
import { knownChecker } from '../../activities/datasets/truth.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { aligned, decimal, percent, withInterval } from '../../reports/pages/format.ts';
import type { Checker } from '../../shared/domain.ts';
import {
  chooseLabels,
  weighted,
  type Candidate,
  type LabelChoice,
  type Stratum,
} from '../../reports/comparison/labelChoice.ts';
import { fullLapName, lapOf, placeOf, setIdOf, uri } from '../../shared/ids.ts';
import { GOAL } from '../../shared/label/precision.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { AutoLabelPolicy } from '../../shared/sampling/sets.ts';
import { SCORES } from '../../shared/scores.ts';
import { store } from '../../workers/store.ts';
import { registerDecisions } from './decisions.ts';
import { UsageError } from '../usage.ts';

interface ChooseOptions {
  readonly truth?: string;
  readonly goal?: string;
  readonly json?: boolean;
}

export function registerLabels(program: Command): void {
  const labels = program.command('labels').summary('which label rule to take, and which labels to train on');
  registerDecisions(labels);
  labels
    .command('choose')
    .summary('propose rule, n, m and k by what people scored')
    .description(
      'Proposes labelling.rule, n, m and k (docs/method.md, "Labels") for the next laps: decides the proofs of ' +
        'finished\nlabel sets again from their stored verdicts, by each rule with no more verdicts than were asked ' +
        'for, and holds the\nlabels against the scores that people gave audited and contested proofs since. A part ' +
        'of a set that was scored\nstands for all that was decided alike. No model is called, and nothing is changed.',
    )
    .argument('<what...>', 'laps, or label sets such as main/lap-0001/label/verdicts')
    .option('--truth <who>', "people, or checker: the domain's own, which knows every proof (default: people)")
    .option('--goal <precision>', `what each label has to reach (default: labelling.minPrecision, else ${GOAL})`)
    .option('--json', 'print one JSON object')
    .action(async (what: string[], options: ChooseOptions) => {
      const chosen = await choose(store, what, options);
      console.log(options.json ? JSON.stringify(chosen) : textOf(chosen));
    });
}

type Chosen = LabelChoice & {
  readonly sets: readonly string[];
  readonly truth: 'people' | 'checker';
  readonly scored: number;
  readonly strata: readonly Stratum[];
};

/** @throws UsageError where nobody scored a proof, or sets cannot be compared. */
export async function choose(
  from: ArtifactStore,
  what: readonly string[],
  { truth = 'people', goal }: ChooseOptions,
): Promise<Chosen> {
  if (truth !== 'people' && truth !== 'checker')
    throw new UsageError(`Expected --truth to be people or checker, got ${JSON.stringify(truth)}`);
  const sets = what.map(setOf);
  const read: ScoredLabels[] = [];
  for (const set of sets) {
    const checker = truth === 'checker' ? await checkerOf(from, set) : undefined;
    read.push(
      await scoredLabels(from, set, checker).catch((error: Error) => {
        throw new UsageError(error.message);
      }),
    );
  }
  const parts = read.map(({ proofs, scores }) => weighted(proofs, scores));
  const known = parts.flatMap((part) => part.known);
  const strata = parts.flatMap((part) => part.strata);
  if (known.length === 0) throw new UsageError(nobodyScored(sets));
  const { asked, waves } = together(sets, read);
  const chosen = chooseLabels(known, asked, waves, goalOf(goal) ?? (await goalIn(from, sets[0])) ?? GOAL);
  return { sets, truth, scored: known.length, strata: summed(strata), ...unlessUnaudited(chosen, strata) };
}

const setOf = (what: string): string => {
  const lap = fullLapName(what);
  return lap === undefined ? what : setIdOf(placeOf(lap, 'scaleVerification'), 'verdicts');
};

function goalOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const goal = Number(text);
  if (!(goal > 0 && goal <= 1))
    throw new UsageError(`Expected --goal to be a precision above 0 and at most 1, got ${JSON.stringify(text)}`);
  return goal;
}

async function recipeOf(from: ArtifactStore, set: string): Promise<Recipe | undefined> {
  const lap = lapOf(set);
  return lap === undefined ? undefined : from.findJson<Recipe>(uri.recipe(lap));
}

const goalIn = async (from: ArtifactStore, set = '') => (await recipeOf(from, set))?.labelling.minPrecision;

async function checkerOf(from: ArtifactStore, set: string): Promise<Checker> {
  const recipe = await recipeOf(from, set);
  if (recipe === undefined)
    throw new UsageError(`Expected a label set of a lap of this store, whose domain has a checker, got ${set}`);
  try {
    return knownChecker(recipe, domains.checkerOf);
  } catch {
    throw new UsageError(`Expected --truth people (domain ${recipe.domain.name} has no checker), got checker`);
  }
}

const nobodyScored = (sets: readonly string[]): string =>
  `Expected proofs of ${sets.join(', ')} that people scored, got none: labelling.auditShare has a blind sample of ` +
  'the labels scored, labelling.contested ask the contested proofs; where the domain knows the truth, --truth checker';

/** What all of the sets can tell of: the least that any was asked for, by verdicts that confirm alike. */
function together(sets: readonly string[], read: readonly ScoredLabels[]) {
  const [{ policy, waves }, ...others] = read as [ScoredLabels, ...ScoredLabels[]];
  const least = (of: 'analysesPerProof' | 'metaAnalysesPerAnalysis') => Math.min(...read.map((one) => one.policy[of]));
  const other = others.findIndex((one) => one.policy.confirmingMetaScore !== policy.confirmingMetaScore);
  if (other >= 0)
    throw new UsageError(
      `Expected label sets with one labelling.confirmingMetaScore, got ${policy.confirmingMetaScore} in ${sets[0]} ` +
        `and ${others[other]?.policy.confirmingMetaScore} in ${sets[other + 1]}: name them apart`,
    );
  const asked: AutoLabelPolicy = {
    ...policy,
    analysesPerProof: least('analysesPerProof'),
    metaAnalysesPerAnalysis: least('metaAnalysesPerAnalysis'),
  };
  return { asked, waves };
}

function summed(strata: readonly Stratum[]): Stratum[] {
  return [...new Set(strata.map(({ decision }) => decision))].sort().map((decision) => {
    const same = strata.filter((stratum) => stratum.decision === decision);
    const sum = (of: 'proofs' | 'scored') => same.reduce((total, stratum) => total + stratum[of], 0);
    return { decision, proofs: sum('proofs'), scored: sum('scored') };
  });
}

/** Where nobody looked at what was decided in one way, the rest does not stand for it: nothing is proposed. */
function unlessUnaudited(chosen: LabelChoice, strata: readonly Stratum[]): LabelChoice {
  const unseen = strata.filter(({ scored }) => scored === 0);
  if (unseen.length === 0) return chosen;
  const named = summed(unseen).map(({ decision, proofs }) => `${proofs} ${decisionText(decision)}`);
  return {
    ...chosen,
    proposal: null,
    why:
      `Nothing is proposed: nobody scored any of ${named.join(', ')}, and the others do not stand for them. ` +
      'labelling.auditShare has labels scored, labelling.contested ask the contested proofs',
  };
}

const decisionText = (decision: string): string => (/^[\d.]+$/.test(decision) ? `labelled ${decision}` : decision);

function textOf(chosen: Chosen): string {
  const { sets, truth, scored, strata, goal, asked, candidates, proposal, why } = chosen;
  const {
    rule = 'lowest',
    analysesPerProof: n,
    metaAnalysesPerAnalysis: m,
    minValidAnalyses: k,
  } = proposal?.policy ?? asked.policy;
  return [
    `${scored} proofs of ${sets.join(', ')}, scored by ${truth === 'people' ? 'people' : 'the checker'}: ` +
      strata.map((one) => `${one.scored} of ${one.proofs} ${decisionText(one.decision)}`).join(', ') +
      '.',
    '',
    ...aligned([
      ['rule', 'n, m, k', 'precision', ...SCORES.map((score) => `of ${score}`), 'contested', 'unknown', 'calls'],
      [...cellsOf(asked, 'as asked: ')],
      ...candidates.map((one) => cellsOf(one)),
    ]),
    '',
    `precision: right labels (95 % interval) of so many scored; unknown: not decided by the verdicts that are ` +
      `stored; calls: of a proof, with early stop. ${chosen.tried} candidates, goal ${goal}.`,
    '',
    `${why}.`,
    ...(proposal === null
      ? []
      : [
          '',
          `Proposed: --set labelling.rule=${rule} --set labelling.analysesPerProof=${n} ` +
            `--set labelling.metaAnalysesPerAnalysis=${m} --set labelling.minValidAnalyses=${k}`,
        ]),
  ].join('\n');
}

function cellsOf({ policy, precision, byLabel, contested, open, calls }: Candidate, before = ''): string[] {
  const { rule = 'lowest', analysesPerProof: n, metaAnalysesPerAnalysis: m, minValidAnalyses: k } = policy;
  const figure = (of: Candidate['precision']): string => (of ? `${withInterval(of)} of ${of.n}` : '–');
  return [
    before + rule,
    `${n}, ${m}, ${k}`,
    figure(precision),
    ...SCORES.map((score) => figure(byLabel[`${score}`])),
    percent(contested),
    percent(open),
    decimal(calls),
  ];
}
