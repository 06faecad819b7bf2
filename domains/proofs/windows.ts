import type { LapFacts } from '../../shared/lap/facts.ts';
import { TASKS, type Task } from '../../shared/records.ts';
import { n, type Sizes } from './sizes.ts';
import { BUNDLED } from '../../shared/sampling/localServer.ts';

/** Where nobody could count: prompts/paper by common tokenizers, with the chat template's own tokens. */
const ASSUMED_PROMPT: Readonly<Record<Task, number>> = {
  prove: 600,
  refine: 700,
  selfVerify: 800,
  selfRefine: 700,
  verify: 900,
  metaVerify: 1_000,
};
const ASSUMED_STATEMENT = 300;
const ASSUMED_CONTEXT = 8_192;
/** Tokens that texts take together and not alone, fences' marks among them. */
const SLACK = 64;
const MOST_PROOF = 32_768;
/** Of the bundled server, which writes some tens of tokens a second on a CPU. */
const MOST_PROOF_OF_BATCHER = 768;
/** Shorter answers hold no more than their format's own words. */
const LEAST = { proof: 192, analysis: 96 };

/** How a text may be as long as it may be together with the others: `proofs` and `analyses` of it in `room` tokens. */
interface Window {
  readonly proofs: number;
  readonly analyses: number;
  readonly room: number;
}

/**
 * The limits of answers, and of the prompts that show them: prompt and answer of each task fit into the context, a
 * judge's prompt with the longest proof and analysis.
 */
export function windows(sizes: Sizes, facts: LapFacts): void {
  const { sampling, selfVerification, rewards, inference } = sizes.asked;
  const prompt = (task: Task): number => facts.prompts?.[task] ?? ASSUMED_PROMPT[task];
  const { context, of } = contextOf(facts);
  const statement = statementOf(facts, context);
  const thinking = (task: Task): number => sampling[task].maxThinkingTokens ?? 0;
  const limit = (task: Task): number | undefined => sizes.given(`sampling.${task}.maxTokens`);
  const texts = (task: Task): number => prompt(task) + statement + SLACK;
  const room = (task: Task): number => context - texts(task) - thinking(task);

  const selfTask = selfVerification === 'self-analysis' ? 'selfVerify' : 'selfRefine';
  // A trajectory is a draft with its analysis, and again as often as it may be revised.
  const rounds = selfTask === 'selfVerify' ? 1 : rewards.maxRevisions + 1;
  const longest = Math.max(...TASKS.map(texts));
  const [refined, judged] = [limit('refine'), limit('metaVerify')];
  const used: readonly Window[] = [
    { proofs: 1, analyses: 0, room: room('prove') },
    { proofs: 1, analyses: 1, room: room('verify') },
    { proofs: refined === undefined ? 2 : 1, analyses: 1, room: room('refine') - (refined ?? 0) },
    { proofs: 1, analyses: 1, room: room('metaVerify') - (judged ?? 0) },
    // v2 learns both judges' tasks by one pair of limits: a meta-verifier's prompt, and an analysis.
    {
      proofs: 1,
      analyses: 2,
      room: context - texts('metaVerify') - Math.max(thinking('verify'), thinking('metaVerify')),
    },
  ];
  const all: readonly Window[] = [
    ...used,
    { proofs: rounds, analyses: rounds, room: room(selfTask) },
    // Likewise a consolidation: a meta-verifier's prompt, and what a prover writes of itself.
    ...(rounds === 1 ? [{ proofs: 2, analyses: 2, room: context - longest - thinking(selfTask) }] : []),
  ];
  const [givenProof, givenAnalysis] = [limit('prove'), limit('verify')];
  const isBundled = inference.engine === BUNDLED;
  const most = isBundled ? MOST_PROOF_OF_BATCHER : MOST_PROOF;
  const { proof, analysis } = shared(all, most, givenProof, givenAnalysis);
  const isFull = used.some(({ proofs, analyses, room }) => proofs * proof + analyses * analysis > room);
  if (isFull || proof < (givenProof ?? LEAST.proof) || analysis < (givenAnalysis ?? LEAST.analysis))
    throw new Error(tooSmall(all, { context, of }, givenProof, givenAnalysis));

  const answer = (task: Task, tokens: number, reason: string): number =>
    sizes.set(`sampling.${task}.maxTokens`, tokens, reason) + thinking(task);
  const answers: Record<Task, number> = {
    prove: answer(
      'prove',
      proof,
      proof === most
        ? `${n(most)} at most${isBundled ? ' where the bundled server writes them, on a CPU' : ''}, of ${n(context)} ` +
            `(${of})`
        : `${n(context)} tokens of context (${of}) hold ${n(longest)} of the longest prompt with a statement, and ` +
            `three ` +
            'proofs',
    ),
    refine: answer('refine', Math.min(proof, room('refine') - proof - analysis), 'a proof, as in sampling.prove'),
    verify: answer(
      'verify',
      analysis,
      analysis > proof / 2
        ? `${n(LEAST.analysis)} at least: shorter ones hold little beside their format’s own words`
        : `half of a proof, as far as ${n(context)} tokens hold both beside a judge’s prompt`,
    ),
    metaVerify: answer(
      'metaVerify',
      Math.min(analysis, room('metaVerify') - proof - analysis),
      'an analysis, as in sampling.verify',
    ),
    selfVerify: answer(
      'selfVerify',
      Math.min(proof + analysis, room('selfVerify')),
      `a proof of ${n(proof)} and an analysis of ${n(analysis)} tokens`,
    ),
    selfRefine: answer(
      'selfRefine',
      Math.min((rewards.maxRevisions + 1) * (proof + analysis), room('selfRefine')),
      `a proof and its analysis, ${n(rewards.maxRevisions + 1)} times, as far as the context reaches`,
    ),
  };

  const shown: Record<Task, readonly [number, string]> = {
    prove: [0, ''],
    selfVerify: [0, ''],
    selfRefine: [0, ''],
    verify: [proof, ` and ${n(proof)} of a proof`],
    metaVerify: [proof + analysis, `, ${n(proof)} of a proof and ${n(analysis)} of an analysis`],
    refine: [proof + analysis, `, ${n(proof)} of a proof and ${n(analysis)} of an analysis`],
  };
  const limits = (field: string, tasks: readonly Task[], within?: number): void => {
    const longestOf = (size: (task: Task) => number): Task => tasks.reduce((a, b) => (size(b) > size(a) ? b : a));
    const promptOf = (task: Task): number => texts(task) + shown[task][0];
    const [asked, written] = [longestOf(promptOf), longestOf((task) => answers[task])];
    const most = sizes.set(
      `${field}.maxPromptTokens`,
      promptOf(asked),
      `${n(texts(asked))} of the ${asked} prompt with a statement${shown[asked][1]}${source()}`,
    );
    sizes.set(
      `${field}.maxCompletionTokens`,
      Math.min(answers[written], Math.max(1, (within ?? Infinity) - most)),
      `sampling.${written}.maxTokens${thinking(written) > 0 ? ' and its thinking' : ''}`,
    );
  };
  const source = (): string => (facts.prompts === undefined ? ', assumed: no tokenizer counted it' : '');
  limits('stages.verifierV1', ['verify']);
  limits('stages.metaVerifier', ['metaVerify']);
  limits('stages.verifierV2', ['verify', 'metaVerify']);
  limits('stages.generator', ['prove']);
  limits('stages.selfVerification', [selfTask]);
  limits('consolidation', ['prove', selfTask, 'verify', 'metaVerify'], context);
}

/**
 * The longest proof and analysis that all windows hold, an analysis half as long, beside a short proof long enough for
 * its format; a given one stays.
 */
function shared(
  all: readonly Window[],
  longest: number,
  givenProof: number | undefined,
  givenAnalysis: number | undefined,
): { readonly proof: number; readonly analysis: number } {
  const most = (holds: (window: Window) => number): number => Math.min(...all.map(holds));
  const proof =
    givenProof ??
    tidy(
      Math.min(
        longest,
        most(({ proofs, analyses, room }) =>
          givenAnalysis === undefined ? room / (proofs + analyses / 2) : (room - analyses * givenAnalysis) / proofs,
        ),
      ),
    );
  const beside = most(({ proofs, analyses, room }) => (analyses === 0 ? Infinity : (room - proofs * proof) / analyses));
  const analysis = givenAnalysis ?? tidy(Math.min(Math.max(proof / 2, LEAST.analysis), beside));
  return { proof, analysis };
}

/** Rounded down to what reads well. */
function tidy(tokens: number): number {
  const unit = tokens >= 2_048 ? 128 : tokens >= 512 ? 64 : 16;
  return Math.max(0, Math.floor(tokens / unit) * unit);
}

interface Context {
  readonly context: number;
  /** Who said so. */
  readonly of: string;
}

function contextOf({ server, base }: LapFacts): Context {
  const known: Context[] = [
    ...(server === undefined ? [] : [server]),
    ...(base?.context === undefined ? [] : [{ context: base.context, of: 'the base’s positions' }]),
  ];
  const assumed = { context: ASSUMED_CONTEXT, of: 'assumed: neither server nor base says it' };
  return known.reduce((a, b) => (b.context < a.context ? b : a), known[0] ?? assumed);
}

/** The longest statement; where one is far longer than most, a training leaves it out. */
function statementOf({ problems }: LapFacts, context: number): number {
  const { median, most } = problems?.tokens ?? { median: 0, most: ASSUMED_STATEMENT };
  return Math.min(most, Math.max(4 * median, Math.floor(context / 8)));
}

function tooSmall(
  windows: readonly Window[],
  { context, of }: Context,
  givenProof: number | undefined,
  givenAnalysis: number | undefined,
): string {
  const [proof, analysis] = [LEAST.proof, LEAST.analysis];
  const short = Math.max(...windows.map(({ proofs, analyses, room }) => proofs * proof + analyses * analysis - room));
  if (short > 0)
    return (
      `Invalid lap input: inference: expected a context of at least ${n(context + short)} tokens, which holds the ` +
      `prompts with a proof of ${proof} tokens and analyses of ${analysis}, got ${n(context)} (${of}): serve the ` +
      `model ` +
      'with a longer one, or shorten the prompts (`flywheel prompts add`)'
    );
  const most = (holds: (window: Window) => number): number => Math.floor(Math.min(...windows.map(holds)));
  const mostAnalysis = most(({ proofs, analyses, room }) =>
    analyses === 0 ? Infinity : (room - proofs * proof) / analyses,
  );
  const mostProof = most(({ proofs, analyses, room }) => (room - analyses * (givenAnalysis ?? analysis)) / proofs);
  const [task, atMost, got] =
    (givenAnalysis ?? 0) > mostAnalysis ? ['verify', mostAnalysis, givenAnalysis] : ['prove', mostProof, givenProof];
  return (
    `Invalid lap input: sampling.${task}.maxTokens: expected at most ${n(atMost)}, so that a judge’s prompt and ` +
    `answer ` +
    `fit into ${n(context)} tokens of context (${of}), got ${n(got ?? 0)}: lower it, or serve the model with a ` +
    `longer one`
  );
}
