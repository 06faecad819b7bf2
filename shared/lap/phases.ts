import { WORKED_EXAMPLES } from '../records.ts';
import { STAGE_NAMES, type StageName } from '../stages.ts';
import { judged, measured, selfTask, testTime } from './heldOutOrders.ts';
import {
  asksAboutContested,
  asksLaterAnalyses,
  hasGivenProofs,
  hasGivenVerifier,
  hasOwnVerifier,
  review,
  sample,
  train,
  type LabelOrder,
  type LapShape,
  type Order,
} from './orders.ts';
import { policyOf } from '../label/policies.ts';
import type { AutoLabelPolicy } from '../sampling/sets.ts';
import type { Recipe } from '../recipe/recipe.ts';

/**
 * What a lap does, declared once (paper 2.1 to 2.3, 3.1): its phases, and what each orders of models, experts and
 * trainers. The workflows carry it out, the plan prices it, and the report shows a lap in this order.
 */

/** The label rule's parameters: without meta-verification every analysis that reports an issue counts. */
export function labelPolicy(
  { labelling, metaVerification }: Pick<Recipe, 'labelling' | 'metaVerification'>,
  isJudged = metaVerification,
): AutoLabelPolicy {
  const policy = policyOf(labelling);
  return isJudged ? policy : { ...policy, metaAnalysesPerAnalysis: 0 };
}

/** Ours: a sloppy base needs a few drafts of each held-out problem to have written proofs of every true score. */
const DRAFTS_PER_PROBLEM = 6;
/** Of those proofs, from which analyses of every true quality are chosen. Ours. */
const ANALYSES_PER_PROOF = 2;

/** Ours: people score, blindly, what a stage rewarded at its end, where the recipe asks them. */
const rewardAudit = ({ audit }: Recipe) =>
  (audit?.rewardedProofs ?? 0) > 0 ? [review('audit', 'auditReward', 'rewardedProofs', { ifAny: true })] : [];

/** @param orders undefined where the lap does not have the phase. */
const phase = <Made extends Order>(title: string, orders: (lap: LapShape) => readonly Made[] | undefined) => ({
  title,
  orders,
});

export const PHASES = {
  open: phase('open', () => []),

  /** Ours: whether the base keeps the formats in which it will be asked, where the recipe wants to know. */
  formatCheck: phase('format check', ({ recipe, turn }) => {
    const { formatCheck, coldStart, metaVerification } = recipe;
    if (formatCheck === undefined || turn > 1) return undefined;
    const roles = [
      'prove',
      ...(coldStart.refinementRounds > 0 ? (['refine'] as const) : []),
      'verify',
      ...(metaVerification ? (['metaVerify'] as const) : []),
      selfTask(recipe),
    ] as const;
    const perRow = Math.ceil(formatCheck.callsPerTask / WORKED_EXAMPLES);
    return roles.map((task) => sample(task, task, 'candidate', 'workedExamples', perRow));
  }),

  /** What people said after earlier laps had gone on; and what those never came to ask. */
  late: phase('late scores', ({ recipe: { domain, annotation }, turn }) => {
    if (turn === 1 || domain.experts !== 'people') return undefined;
    return annotation === 'automatic'
      ? []
      : [
          review('proofs', 'scoreProof', 'lateProofs', { ifAny: true }),
          review('contested', 'scoreContestedProof', 'lateContested', {
            ifAny: true,
            ...(annotation === 'assisted' && { assisted: true }),
          }),
          review('analyses', 'scoreAnalysis', 'lateAnalyses', { ifAny: true }),
        ];
  }),

  /** Rejection fine-tuning on the parent's own answers. */
  consolidation: phase('consolidation', ({ recipe, turn }) => {
    const { metaVerification, labelling } = recipe;
    const right = { part: { of: 'right' }, ifAny: true } as const;
    const learned = [
      'prove',
      selfTask(recipe),
      'verify',
      ...(metaVerification ? (['metaVerify'] as const) : []),
    ] as const;
    return turn === 1
      ? undefined
      : [
          sample('analyses', 'verify', 'verifier', 'reanalysedProofs'),
          ...(metaVerification
            ? [
                sample(
                  'judged',
                  'metaVerify',
                  'metaVerifier',
                  'reanalysedProofs',
                  labelling.metaAnalysesPerAnalysis,
                  right,
                ),
                sample('meta-analyses', 'metaVerify', 'verifier', 'rejudgedAnalyses', 1, { ifAny: true }),
              ]
            : []),
          train(
            'consolidation',
            learned.map((task) => ({ task, of: 'examples', weight: 1 })),
          ),
        ];
  }),

  /** 1A: proofs of a weak model, improved over several rounds, scored by experts: D_v, where a team brings none. */
  coldStart: phase('cold start', (lap) => {
    const { coldStart } = lap.recipe;
    return lap.turn === 1 && !hasGivenProofs(lap) && !hasGivenVerifier(lap)
      ? [
          sample('draft', 'prove', 'candidate', 'askedProblems', coldStart.candidatesPerProblem),
          ...Array.from({ length: coldStart.refinementRounds }, (_, index) => index + 1).flatMap((round) => [
            sample(`analyses-${round}`, 'verify', 'candidate', 'candidates'),
            sample(`refined-${round}`, 'refine', 'candidate', 'candidates'),
          ]),
          review('experts', 'scoreProof', 'expertProofs'),
        ]
      : undefined;
  }),

  /** 1B: rewarded for the format and the score. */
  verifierV1: phase('verifier v1', (lap) =>
    lap.turn === 1 && !hasGivenVerifier(lap)
      ? [train('verifierV1', [{ task: 'verify', of: 'proofScores', weight: 1 }])]
      : undefined,
  ),

  /** 1C: experts score analyses: D_mv, where a team brings none. */
  metaData: phase('meta-verifier data', (lap) => {
    const { metaVerification, metaData, given } = lap.recipe;
    return lap.turn === 1 && metaVerification && given?.analyses === undefined && !hasGivenVerifier(lap)
      ? [
          sample('analyses-v1', 'verify', 'verifier', 'expertProofs', metaData.analysesPerProof),
          ...(metaData.baseShare > 0
            ? [sample('analyses-base', 'verify', 'candidate', 'expertProofs', metaData.analysesPerProof)]
            : []),
          review('experts', 'scoreAnalysis', 'expertAnalyses'),
        ]
      : undefined;
  }),

  metaVerifier: phase('meta-verifier', (lap) => {
    const { metaVerification, retrainMetaVerifier } = lap.recipe;
    return metaVerification && (lap.turn === 1 ? !hasGivenVerifier(lap) : retrainMetaVerifier)
      ? [train('metaVerifier', [{ task: 'metaVerify', of: 'analysisScores', weight: 1 }], {}, lap.turn > 1)]
      : undefined;
  }),

  /** 1D: on D_v and D_mv, its analyses gated by the frozen meta-verifier. */
  verifierV2: phase('verifier v2', (lap) => {
    const { metaVerification, rewards, stages } = lap.recipe;
    if (hasGivenVerifier(lap)) return undefined;
    // Where an earlier verifier judges, it is trained only for the generator to start as in any lap.
    if (!hasOwnVerifier(lap) && stages.generator.init !== 'verifierV2') return undefined;
    const metaShare = metaVerification ? rewards.metaShare : 0;
    const sources = [
      { task: 'verify', of: 'proofScores', weight: 1 - metaShare },
      { task: 'metaVerify', of: 'analysisScores', weight: metaShare },
    ] as const;
    const judges = metaVerification ? { metaVerifier: (1 - metaShare) * rewards.metaVerdictsPerReward } : {};
    return [train('verifierV2', sources, judges)];
  }),

  /** 2: rewarded by the frozen verifier. */
  generator: phase('generator', ({ recipe }) => [
    train('generator', [{ task: 'prove', of: 'problems', weight: 1 }], { verifier: recipe.rewards.verdictsPerReward }),
    ...rewardAudit(recipe),
  ]),

  /** 3: rewarded for its proof, and for an honest analysis of it. */
  selfVerification: phase('self-verification', ({ recipe }) => {
    const { metaVerification, selfVerification, rewards } = recipe;
    const isJudged = selfVerification === 'self-analysis' && rewards.selfAnalysisWeight > 0;
    return [
      train('selfVerification', [{ task: selfTask(recipe), of: 'problems', weight: 1 }], {
        verifier: rewards.verdictsPerReward,
        ...(metaVerification && { metaVerifier: isJudged ? rewards.metaVerdictsPerReward : 0 }),
      }),
      ...rewardAudit(recipe),
    ];
  }),

  /** 4: many verifications label new, harder proofs; experts see what stays contested, and audit a blind sample. */
  scaleVerification: phase('scale verification', ({ recipe }) => {
    const { proofsPerProblem, firstLook, auditShare } = recipe.labelling;
    const verdicts: LabelOrder<'verdicts'> = { kind: 'label', name: 'verdicts', rows: 'toLabel' };
    return [
      sample('proofs', selfTask(recipe), 'generator', 'nextProblems', proofsPerProblem),
      sample('first-look', 'verify', 'verifier', 'lookedAt', firstLook, { ifAny: true }),
      verdicts,
      ...(asksAboutContested(recipe)
        ? [
            review('experts', 'scoreContestedProof', 'toLabel', {
              part: { of: 'contested' },
              ifAny: true,
              ...(recipe.annotation === 'assisted' && { assisted: true }),
            }),
          ]
        : []),
      ...(asksLaterAnalyses(recipe) ? [review('analyses', 'scoreAnalysis', 'laterAnalyses', { ifAny: true })] : []),
      ...(auditShare > 0
        ? [review('audit', 'auditLabel', 'toLabel', { part: { of: 'labelled', share: auditShare }, ifAny: true })]
        : []),
    ];
  }),

  /** All models on the same held-out problems, proofs and analyses, beside the trainings. */
  evaluation: phase('evaluation', (lap) => {
    const { metaVerification, domain } = lap.recipe;
    const first = lap.turn === 1;
    const trains = (stage: StageName): StageName[] => (stagesOf(lap).includes(stage) ? [stage] : []);
    const own = hasOwnVerifier(lap) ? (['verifierV2'] as const) : [];
    const drafts = domain.checker !== 'none';
    return [
      ...(drafts && first ? [sample('drafts', 'prove', 'candidate', 'heldOutProblems', DRAFTS_PER_PROBLEM)] : []),
      ...(drafts && metaVerification
        ? [sample('draft-analyses', 'verify', 'candidate', 'unanalysedProofs', ANALYSES_PER_PROOF, { ifAny: true })]
        : []),
      ...measured(lap, 'verifier', [
        ...(first ? (['base', ...trains('verifierV1')] as const) : (['consolidation'] as const)),
        ...own,
      ]),
      ...(metaVerification
        ? measured(lap, 'metaVerifier', [
            ...(first && !hasGivenVerifier(lap) ? [lap.recipe.stages.metaVerifier.init] : []),
            ...trains('metaVerifier'),
            ...own,
          ])
        : []),
      ...measured(lap, 'generator', [first ? 'base' : 'consolidation', 'generator']),
      ...measured(lap, 'selfVerification', ['generator', 'selfVerification']),
      ...judged(lap),
      ...testTime(lap),
    ];
  }),
} as const;

export type PhaseName = keyof typeof PHASES;
type OrderOf<Phase extends PhaseName> = NonNullable<ReturnType<(typeof PHASES)[Phase]['orders']>>[number];
/** Names of a phase's orders of one kind. */
export type OrderName<Phase extends PhaseName, Kind extends Order['kind']> = Extract<
  OrderOf<Phase>,
  { readonly kind: Kind }
>['name'];

/** The phases of a lap, in order: lap 1 builds the verifier, later laps consolidate and retrain. */
export function ordersOf(lap: LapShape): readonly { readonly phase: PhaseName; readonly orders: readonly Order[] }[] {
  return (Object.keys(PHASES) as PhaseName[]).flatMap((phase) => {
    const orders = PHASES[phase].orders(lap);
    return orders === undefined ? [] : [{ phase, orders }];
  });
}

/** @throws where a lap of this recipe makes no such order in the phase. */
export function orderOf<Phase extends PhaseName, Kind extends Order['kind']>(
  lap: LapShape,
  phase: Phase,
  kind: Kind,
  name: OrderName<Phase, Kind>,
): Extract<Order, { readonly kind: Kind }> {
  const orders: readonly Order[] = PHASES[phase].orders(lap) ?? [];
  const found = orders.find((order) => order.kind === kind && order.name === name);
  if (found === undefined)
    throw new Error(
      `Expected ${phase} of turn ${lap.turn} to declare the ${kind} ${name}, got ` +
        (orders.map((order) => `${order.kind} ${order.name}`).join(', ') || 'nothing'),
    );
  return found as Extract<Order, { readonly kind: Kind }>;
}

/** The GRPO trainings of a lap, in order. */
export function stagesOf(lap: LapShape): readonly StageName[] {
  return STAGE_NAMES.filter((stage) => PHASES[stage].orders(lap) !== undefined);
}

/** A phase's name in a report: what the lap did beside its declaration is shown as such. */
export function reportedAs(lap: LapShape, phase: string): string {
  return ordersOf(lap).some((declared) => declared.phase === phase) ? phase : `${phase} (not declared)`;
}
