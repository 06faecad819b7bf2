import { productPlace, PRODUCT_NAME, uri, type Place } from '../../../shared/ids.ts';
import { labelSoFar, NOT_ASKED } from '../../../shared/label/decided.ts';
import { relabelled } from '../../../shared/label/replay.ts';
import { verdictsOf, type LabelReport } from '../../../shared/products/labels.ts';
import type { DatasetRef } from '../../../shared/records.ts';
import type { AutoLabelPolicy } from '../../../shared/sampling/sets.ts';
import { evidenceOf, shardFiles } from '../../sets/inspect.ts';
import { readShardRows } from '../../sets/shards.ts';
import type { StoredLabel, StoredLabels } from '../../sets/storedLabels.ts';
import type { ArtifactStore } from '../../store/types.ts';
import { otherInput } from '../open.ts';
import { decideProofs, type DecidedProof } from './decide.ts';
import { writeFiles, type WrittenLabels } from './write.ts';

/** The place of the `label` that a name such as `label/mine` stands for; undefined where it stands for none. */
export async function labelPlace(store: ArtifactStore, name: string): Promise<Place | undefined> {
  const [, label] = /^label\/([^/]+)$/.exec(name) ?? [];
  if (label === undefined || !PRODUCT_NAME.test(label)) return undefined;
  const place = productPlace('label', label);
  return (await store.stat(uri.products(place, 'report.json'))) === undefined ? undefined : place;
}

/**
 * What a `label` decided of each proof, and all verdicts that there are of it: of one that the caps have ended, too.
 * @throws where it was decided again from another's verdicts.
 */
export async function storedLabel(store: ArtifactStore, place: Place): Promise<StoredLabels> {
  const { policy, waves } = await ownReport(store, place);
  const decided = new Map<string, DecidedProof>();
  for await (const proof of store.readJsonl<DecidedProof>(await decidedIn(store, place))) decided.set(proof.id, proof);
  const proofs: StoredLabel[] = [];
  const setId = verdictsOf(place);
  for (const file of await shardFiles(store, setId)) {
    const evidence = file.state === 'notStarted' ? undefined : await evidenceOf(store, file);
    for (const { id } of await readShardRows(store, setId, file.shard)) {
      const { decision } = decided.get(id) ?? {};
      if (decision !== undefined) proofs.push({ proofId: id, decision, evidence: evidence?.get(id) ?? [] });
    }
  }
  return { policy, waves, proofs };
}

/**
 * Writes the files of a `label` as another policy would have it, from its verdicts, under a name of their own. What
 * people said stays.
 * @throws where the name is of something else.
 */
export async function writeRelabelled(
  store: ArtifactStore,
  { from, to, policy }: { from: Place; to: string; policy: AutoLabelPolicy },
): Promise<WrittenLabels & { readonly place: Place; readonly proofs: DatasetRef }> {
  if (!PRODUCT_NAME.test(to))
    throw new Error(`--to: expected a name of small letters, digits, "-", "_" and ".", got ${JSON.stringify(to)}`);
  const place = productPlace('label', to);
  const report = await ownReport(store, from);
  const input = { relabelled: from, policy };
  const taken = await otherInput(store, place, input);
  if (taken !== undefined) throw new Error(`--to: ${taken}`);
  await store.writeJson(uri.products(place, 'input.json'), input);
  const { name: _, waves, spent, ...about } = report;
  const decided = await decideProofs(store, {
    from,
    to: place,
    policy,
    decide: (proofId, evidence) => {
      const step = relabelled(policy, waves, evidence);
      const decision = step.kind === 'stop' ? step.decision : NOT_ASKED;
      return { ...labelSoFar(policy, waves, proofId, evidence), decision };
    },
  });
  const metaVerifier = policy.metaAnalysesPerAnalysis === 0 ? null : about.metaVerifier;
  const base = { ...about, name: to, waves, policy, metaVerifier, relabelled: from };
  const written = await writeFiles(store, { place, from, base, decided, spent, warnings: [] });
  return { ...written, place, proofs: decided.proofs };
}

async function ownReport(store: ArtifactStore, place: Place): Promise<LabelReport> {
  const report = await store.readJson<LabelReport>(uri.products(place, 'report.json'));
  if (report.relabelled === undefined) return report;
  throw new Error(`Expected a label with verdicts of its own, got ${place}: its are those of ${report.relabelled}`);
}

async function decidedIn(store: ArtifactStore, place: Place) {
  return store.refOf(uri.dataset(place, 'decided'));
}
