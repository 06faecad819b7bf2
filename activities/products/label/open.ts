import { LABELLING, policyOf, type Labelling } from '../../../shared/label/policies.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type {
  AskedPeople,
  AskPeople,
  LabelInput,
  LabellingChoice,
  OpenedLabel,
} from '../../../shared/products/labels.ts';
import type { AskedModel } from '../../../shared/products/models.ts';
import { labelSchema } from '../../../shared/products/schema.ts';
import type { DatasetRef, ProofRow } from '../../../shared/records.ts';
import { importCandidates } from '../../imports/candidates.ts';
import type { ArtifactStore } from '../../store/types.ts';
import {
  lapAsked,
  modelAsked,
  openProduct,
  readInput,
  refuseUnpriced,
  refusing,
  RELEASED_SAMPLING,
  samplingAsked,
  SMALL_SAMPLING,
  type ProductOwner,
  type ProductWorld,
} from '../open.ts';

/** What a `label` was asked for, in full: the same whoever asked for it, and by whatever name of the same. */
export interface ReadLabel {
  readonly asked: Omit<LabelInput, 'policy'> & { readonly policy: LabellingChoice & Labelling };
  readonly lap: LapManifest | undefined;
  readonly labelling: Labelling;
  readonly verifier: AskedModel;
  readonly metaVerifier: AskedModel;
  readonly sampling: OpenedLabel['sampling'];
}

/** Ours: shards in which a set is seen to go on, and cheap to repeat. */
const SHARD_ROWS = 64;
/** Two people a question, a seat for an hour, two weeks to answer: as the preset team has it. */
const PEOPLE = { seats: 2, leaseMinutes: 60, deadlineHours: 336 };

/**
 * Reads the input of a `label`, its file too, and fills in what follows from it.
 * @throws `InvalidProduct`, or in the words of what is wrong.
 */
export async function readLabel(world: ProductWorld, given: unknown): Promise<ReadLabel> {
  const { store } = world;
  const input = readInput('label', labelSchema, given);
  const lap = await lapAsked(store, input);
  const policy = labellingFrom(input.policy, lap);
  const { like, ...labelling } = policy;
  const { analysesPerProof: n, minValidAnalyses: k } = policyOf(labelling);
  if (k > n)
    throw new Error(
      `policy.minValidAnalyses (--k): expected at most analysesPerProof (--n), ${n}, got ${k}: no label could be given`,
    );
  const verifier = await modelAsked(world, 'verifier', input.verifier, lap);
  const metaVerifier = await metaVerifierOf(world, input, lap);
  refuseUnpriced(input, [verifier, ...(labelling.metaAnalysesPerAnalysis > 0 ? [metaVerifier] : [])]);
  const sampling = samplingAsked(input, lap, like === 'paper' ? RELEASED_SAMPLING : SMALL_SAMPLING);
  const asked = { ...input, policy, proofs: await proofsIn(store, input.proofs) };
  return { asked, lap, labelling, verifier, metaVerifier, sampling };
}

/** What is not said is as the named labelling has it, the lap's, or the team's. */
function labellingFrom(choice: LabelInput['policy'], lap: LapManifest | undefined): LabellingChoice & Labelling {
  const { like, ...fields } = typeof choice === 'string' ? { like: choice } : (choice ?? {});
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  if (like !== undefined || lap === undefined)
    return { like: 'team', ...LABELLING[like ?? 'team'], ...(like && { like }), ...given };
  const { labelling } = lap.recipe;
  return {
    analysesPerProof: labelling.analysesPerProof,
    metaAnalysesPerAnalysis: lap.models.metaVerifier === undefined ? 0 : labelling.metaAnalysesPerAnalysis,
    minValidAnalyses: labelling.minValidAnalyses,
    ...(labelling.rule && { rule: labelling.rule }),
    confirmingMetaScore: labelling.confirmingMetaScore,
    waves: labelling.waves,
    earlyStop: labelling.earlyStop,
    verdictAttempts: labelling.verdictAttempts,
    ...given,
  };
}

/** The file as proofs that were taken in: by its content, so that another content is another product. */
async function proofsIn(store: ArtifactStore, file: string): Promise<string> {
  if ((await store.stat(file).catch(() => undefined)) === undefined)
    throw new Error(
      `proofs: expected a file of the store, such as products/solve/<name>/results.jsonl, got ${JSON.stringify(file)}, ` +
        'which is not there: `flywheel import candidates` puts one into it',
    );
  return (await importCandidates(store, [await store.local(file)])).uri;
}

/**
 * Opens a `label`: refuses what cannot run, names it and takes hold of its place.
 * @throws `InvalidProduct` or `ProductOpen`: the same would be refused again.
 */
export function openLabel(world: ProductWorld, given: LabelInput, owner: ProductOwner): Promise<OpenedLabel> {
  const { store } = world;
  return refusing(async () => {
    const { asked, lap, labelling, verifier, metaVerifier, sampling } = await readLabel(world, given);
    const opened = await openProduct(world, { kind: 'label', input: asked, file: asked.proofs, lap, sampling, owner });
    const { engine } = opened;
    return {
      ...opened,
      engine: { ...engine, shardRows: Math.min(engine.shardRows, SHARD_ROWS) },
      ...(await counted(store, asked.proofs)),
      verifier,
      metaVerifier,
      labelling,
      ...(asked.ask && { ask: peopleAsked(asked.ask) }),
    };
  });
}

/** Who is named; else the verifier that is named, or whom phase 4 of the lap had judge its analyses. */
async function metaVerifierOf(
  world: ProductWorld,
  { verifier, metaVerifier = verifier }: Pick<LabelInput, 'verifier' | 'metaVerifier'>,
  lap: LapManifest | undefined,
): Promise<AskedModel> {
  const hasOwn = lap?.models.metaVerifier !== undefined && lap.recipe.rewards.metaJudge === 'metaVerifier';
  if (metaVerifier !== undefined || hasOwn) return modelAsked(world, 'metaVerifier', metaVerifier, lap);
  const { ref, ...same } = await modelAsked(world, 'verifier', undefined, lap);
  return { ...same, ref: { ...ref, role: 'metaVerifier' } };
}

function peopleAsked({ wait = true, deadlineHours, ...asked }: AskPeople): AskedPeople {
  const { seats = PEOPLE.seats, leaseMinutes = PEOPLE.leaseMinutes } = asked;
  return {
    seats,
    leaseMinutes,
    deadlineHours: deadlineHours ?? PEOPLE.deadlineHours,
    waitHours: wait ? (deadlineHours ?? null) : 0,
  };
}

async function counted(store: ArtifactStore, file: string): Promise<{ proofs: DatasetRef; problems: number }> {
  const ref = await store.refOf(file);
  const problems = new Set<string>();
  let rows = 0;
  for await (const { problem } of store.readJsonl<ProofRow>(ref)) {
    problems.add(problem.id);
    rows += 1;
  }
  return { proofs: { ...ref, rows }, problems: problems.size };
}
