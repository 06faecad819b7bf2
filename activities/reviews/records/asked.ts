import type { LapManifest } from '../../../shared/lap/manifest.ts';
import { lapOf, uri } from '../../../shared/ids.ts';
import type { DatasetRef } from '../../../shared/records.ts';
import type { QuestionKind, ReviewSetInput } from '../../../shared/review/reviews.ts';
import type { ArtifactStore } from '../../store/types.ts';

/** What a review set asks whom: `reviews/<setId>/asked.json`, written when it is first asked. */
export interface AskedSet extends Pick<
  ReviewSetInput,
  | 'setId'
  | 'kind'
  | 'lap'
  | 'subject'
  | 'experts'
  | 'seats'
  | 'leaseMinutes'
  | 'deadlineHours'
  | 'onDeadline'
  | 'assisted'
> {
  /** ISO 8601. */
  readonly at: string;
}

/** Puts down what a set asks; whoever repeats it finds what was written first. */
export async function recordAsked(store: ArtifactStore, set: ReviewSetInput): Promise<void> {
  const { setId, kind, lap, subject, experts, seats, leaseMinutes, deadlineHours, onDeadline, assisted } = set;
  const asked: AskedSet = {
    setId,
    kind,
    lap,
    subject,
    experts,
    seats,
    leaseMinutes,
    deadlineHours,
    onDeadline,
    ...(assisted && { assisted }),
    at: new Date().toISOString(),
  };
  await store.create(uri.asked(setId), `${JSON.stringify(asked, null, 2)}\n`);
}

/** What is known of a set: all of it, or what the manifest of its lap says, of laps of earlier versions. */
export type KnownSet = { readonly lap?: string; readonly kind?: QuestionKind; readonly subject?: DatasetRef } & Partial<
  Pick<AskedSet, 'experts' | 'leaseMinutes' | 'at'>
>;

/** What review sets ask, each read once. */
export class AskedSets {
  readonly #store: ArtifactStore;
  readonly #known = new Map<string, Promise<KnownSet>>();
  readonly #manifests = new Map<string, Promise<LapManifest | undefined>>();

  constructor(store: ArtifactStore) {
    this.#store = store;
  }

  of(setId: string): Promise<KnownSet> {
    const known = this.#known.get(setId) ?? this.#find(setId);
    this.#known.set(setId, known);
    return known;
  }

  async #find(setId: string): Promise<KnownSet> {
    const asked = await this.#store.findJson<AskedSet>(uri.asked(setId));
    const lap = asked?.lap ?? lapOf(setId);
    if (asked !== undefined || lap === undefined) return asked ?? {};
    const manifest = this.#manifests.get(lap) ?? this.#store.findJson<LapManifest>(uri.manifest(lap));
    this.#manifests.set(lap, manifest);
    const { kind, subject } = (await manifest)?.reviews.find((review) => review.setId === setId) ?? {};
    return { lap, ...(kind && { kind }), ...(subject && { subject }) };
  }
}
