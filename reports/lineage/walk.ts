import { ReviewLog } from '../../activities/reviews/log.ts';
import type { SetShards } from '../../activities/sets/shards.ts';
import { expectDigest } from '../../activities/store/checkpoints.ts';
import { openPromptSet } from '../../activities/store/promptSets.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { idOf, type FirstScore, type Lineage, type LineageNode } from '../../shared/figures/lineage.ts';
import { lapOf, uri } from '../../shared/ids.ts';
import type { LapManifest, StageRecord } from '../../shared/lap/manifest.ts';
import type { ArtifactRef, Made, Source } from '../../shared/records.ts';

/** A link that does not hold. The message names both ends. */
export class BrokenLink extends Error {
  override readonly name = 'BrokenLink';
}

function expectLink(what: string, expected: string, got = 'none'): void {
  if (expected !== got) throw new BrokenLink(`Broken link: expected ${what} to be ${expected}, got ${got}`);
}

/**
 * Goes from a thing to what it was made of, and on from there; each thing once. All that has a digest is checked
 * against it.
 * @param options.named digests by URI, from manifests: what is met must have these.
 * @throws BrokenLink
 */
export async function walk(
  store: ArtifactStore,
  subject: LineageNode,
  { weights, named }: { readonly weights: boolean; readonly named: ReadonlyMap<string, string> },
): Promise<Pick<Lineage, 'nodes' | 'firstScore'>> {
  const nodes = new Map<string, LineageNode>();
  const digests = new Map(named);
  async function place(node: LineageNode): Promise<void> {
    nodes.set(node.id, node); // before its sources
    for (const source of node.from) {
      if ('uri' in source) {
        const { uri: at, sha256 } = source;
        expectLink(`the sha256 of ${at}`, digests.get(at) ?? sha256, sha256);
        digests.set(at, sha256);
      }
      if (!nodes.has(idOf(source))) await place(await describe(store, source, weights));
    }
  }
  await place(subject);
  const scores = [...nodes.values()].flatMap(({ facts }) => (facts['first'] ?? []) as FirstScore);
  return { nodes: [...nodes.values()], firstScore: earliest(scores) };
}

/**
 * Manifests from this lap's back to its chain's first, newest first, and the digests of all that they name. None where
 * there is no lap, or it has not finished.
 * @throws BrokenLink when a manifest is missing or is not the one that its child went on from, or a lap's recipe is not
 * what its manifest says.
 */
export async function chainOf(store: ArtifactStore, lap = '') {
  const chain: ArtifactRef[] = [];
  const named = new Map<string, string>();
  const at = uri.manifest(lap);
  let next = (await store.stat(at)) && (await store.refOf(at));
  while (next !== undefined) {
    await describe(store, next, false);
    chain.push(next);
    const manifest = JSON.parse(await store.readText(next.uri), (_, value: Partial<ArtifactRef> | null) => {
      if (value?.uri !== undefined && value.sha256 !== undefined) named.set(value.uri, value.sha256);
      return value;
    }) as LapManifest;
    await describe(store, { uri: uri.recipe(manifest.lap), sha256: manifest.recipeSha256 }, false);
    next = manifest.parent?.manifest;
  }
  return { chain, named };
}

/**
 * @param weights false: checkpoints are not read through, which takes long for large ones.
 * @throws BrokenLink when it is not there, or is not what its digest says.
 */
export async function describe(store: ArtifactStore, source: Source, weights: boolean): Promise<LineageNode> {
  const node = { id: idOf(source), kind: 'model', by: null, facts: {}, verified: [], from: [] } as const;
  if ('model' in source) return node;
  if ('file' in source) return { ...node, kind: 'given', facts: { sha256: source.sha256 } };
  if ('setId' in source) return { ...node, ...(await ofSet(store, source.setId)) };
  if ('reviewId' in source) return { ...node, ...(await ofReview(store, source.reviewId)) };
  const { uri: at, sha256 } = source;
  const kind = kindOf(at);
  const made = await store.readMade(at);
  if (made !== undefined) expectLink(`the sha256 of ${at}, as it was made,`, made.sha256, sha256);
  const { by = null, from = [] } = made ?? {};
  const facts = { sha256, ...(await factsOf(store, source, kind, weights, by ?? '')) };
  const verified = kind === 'given' || (kind === 'checkpoint' && !weights) ? [] : ['sha256'];
  return { ...node, kind, by, facts, verified, from };
}

/** Problems, and graded sets, that are named by their digest. */
const IMPORTED = /^imports\/(problems|proofs|analyses)\/[0-9a-f]{12}\.jsonl$/;

/** What lies where in the store. All else was given, and may change. */
export function kindOf(at: string): LineageNode['kind'] {
  if (at === uri.manifest(lapOf(at) ?? '')) return 'lap';
  const [folder = ''] = at.split('/');
  if (['datasets', 'labels', 'reviews'].includes(folder) || IMPORTED.test(at)) return 'dataset';
  if (folder === 'products') return at.endsWith('.jsonl') ? 'dataset' : 'file';
  if (['laps', 'jobs', 'rewards', 'ledger'].includes(folder)) return 'file';
  return folder === 'checkpoints' ? 'checkpoint' : folder === 'prompts' ? 'prompts' : 'given';
}

/** Checks the digest, and tells how a training went; of a dataset how many rows there are, and what came of them. */
async function factsOf(
  store: ArtifactStore,
  ref: ArtifactRef,
  kind: LineageNode['kind'],
  weights: boolean,
  jobKey: string,
): Promise<object> {
  const { uri: at, sha256 } = ref;
  if (kind === 'dataset') return countsOf(store.readJsonl<Counted>(ref));
  if (kind === 'checkpoint') {
    if (weights) await expectDigest(store, ref);
    const result = uri.jobs(jobKey, 'result.json');
    const job = await store.findJson<Partial<StageRecord>>(result);
    if (job !== undefined) expectLink(`the checkpoint in ${result}`, sha256, job.checkpoint?.sha256);
    return job === undefined ? {} : { steps: job.steps, stopReason: job.stopReason, reward: job.reward };
  }
  if (kind === 'prompts') await openPromptSet(store, { name: at, sha256 });
  else if (kind !== 'given') expectLink(`the sha256 of ${at}`, sha256, (await store.refOf(at)).sha256);
  return {};
}

async function countsOf(dataset: AsyncIterable<Counted>) {
  const counts: Counts = {};
  let rows = 0;
  for await (const { result, decision, source, lap, end } of dataset) {
    rows += 1;
    const came = (result ?? decision)?.kind ?? (lap && `${source} of ${lap}`) ?? end;
    if (came !== undefined) add(counts, { [came]: 1 });
  }
  return { rows, counts };
}

type Counted = Partial<Record<'result' | 'decision', { kind: string }> & Record<'source' | 'lap' | 'end', string>>;
type Counts = Record<string, number>;

function add(counts: Counts, more: Counts): void {
  for (const [name, count] of Object.entries(more)) if (count > 0) counts[name] = (counts[name] ?? 0) + count;
}

/** A set of model calls: its shards tell which models were asked, about what. */
async function ofSet(store: ArtifactStore, setId: string) {
  const cut = uri.shardPlan(setId);
  const { rows, shards } = await store.readJson<SetShards>(cut);
  const counts: Counts = {};
  const sources = new Map<string, Made['from'][number]>();
  let maker: string | null = null;
  for (const at of [cut, ...Array.from(shards.keys(), (shard) => uri.shardResult(setId, shard))]) {
    const { by, from } = await describe(store, await store.refOf(at), false);
    for (const source of from) sources.set(JSON.stringify(source), source);
    maker = by;
    const { result } = await store.readJson<{ result?: Record<'counts' | 'labels', Counts> }>(at);
    add(counts, { ...result?.counts, ...result?.labels });
  }
  return { kind: 'set', by: maker, facts: { rows: rows.rows, counts }, from: [...sources.values()] } as const;
}

/** Answers of people to the questions of a set. */
async function ofReview(store: ArtifactStore, review: string) {
  const log = new ReviewLog(store);
  const verdicts: FirstScore[] = [];
  for (const line of (await store.readText(uri.reviewResults(review))).split('\n').filter(Boolean)) {
    const { id: question } = JSON.parse(line) as { id: string };
    for (const entry of await log.read(review, question))
      if (entry.kind === 'verdict') verdicts.push({ review, question, ...entry.verdict, at: entry.at });
  }
  const annotators = [...new Set(verdicts.map(({ annotator }) => annotator))].sort();
  return { kind: 'review', facts: { verdicts: verdicts.length, annotators, first: earliest(verdicts) } } as const;
}

const earliest = (scores: readonly FirstScore[]) => scores.toSorted((a, b) => a.at.localeCompare(b.at))[0] ?? null;
