import type { ReviewEntry, ReviewRow } from '../../shared/review/reviews.ts';
import type { FirstScore, LineageNode } from '../../shared/figures/lineage.ts';
import type { CheckpointRef } from '../../shared/records.ts';
import { expectDigest, checkpointRef } from '../../activities/store/checkpoints.ts';
import { readShard, shardFiles } from '../../activities/sets/inspect.ts';
import { ReviewLog } from '../../activities/reviews/log.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { BrokenLink, held } from './chain.ts';
import type { ChainLink } from './chain.ts';
import { describeDataset } from './datasets.ts';
import { describeTraining, trainingsOf } from './trainings.ts';
import { uri } from '../../shared/ids.ts';

type Described = Omit<LineageNode, 'id'>;
export type From = LineageNode['from'][number];

export interface WalkOptions {
  /**
   * False: checkpoints are not read through, which takes long for large ones; their digests are then compared by name
   * only.
   */
  readonly weights: boolean;
}

/** Collects what something is made of, each thing once. Everything that has a digest is checked against it. */
export class Walk {
  readonly store: ArtifactStore;
  readonly chain: readonly ChainLink[];
  readonly #weights: boolean;
  readonly #nodes = new Map<string, LineageNode>();
  #firstScore: FirstScore | null = null;

  constructor(store: ArtifactStore, chain: readonly ChainLink[], { weights }: WalkOptions) {
    this.store = store;
    this.chain = chain;
    this.#weights = weights;
  }

  get nodes(): LineageNode[] {
    return [...this.#nodes.values()];
  }

  get firstScore(): FirstScore | null {
    return this.#firstScore;
  }

  /** The node of this id; described when it is met for the first time. */
  async visit(as: string, id: string, describe: () => Promise<Described>): Promise<From> {
    if (!this.#nodes.has(id)) {
      // holds its place, before its sources
      this.#nodes.set(id, { id, kind: 'lap', lap: null, facts: {}, verified: [], from: [] });
      this.#nodes.set(id, { id, ...(await describe()) });
    }
    return { as, id };
  }

  /** A model: the base, or what a training of the chain made first. */
  checkpoint(as: string, ref: CheckpointRef): Promise<From> {
    return this.visit(as, uri.checkpoint(ref.sha256), async () => {
      const maker = this.chain
        .toReversed()
        .flatMap(({ manifest }) => trainingsOf(manifest))
        .find(({ checkpoint }) => checkpoint.sha256 === ref.sha256);
      const base = this.chain.find(({ manifest }) => manifest.base.sha256 === ref.sha256);
      if (maker === undefined && base === undefined)
        throw new BrokenLink(
          `Broken link: expected a training of ${this.chain.map(({ manifest }) => manifest.lap).join(', ')} to ` +
            `have made checkpoint ${ref.sha256}, got none`,
        );
      if (this.#weights) await held(() => expectDigest(this.store, ref));
      const verified = this.#weights ? ['digest of its files'] : [];
      const made = {
        kind: 'checkpoint' as const,
        facts: { uri: ref.uri, sha256: ref.sha256, ...(base && { base: true }) },
        verified,
      };
      return base !== undefined || maker === undefined
        ? { ...made, lap: null, from: [] }
        : { ...made, lap: maker.lap, from: [await this.training('made by', maker.jobKey)] };
    });
  }

  training(as: string, jobKey: string): Promise<From> {
    return this.visit(as, jobKey, () => describeTraining(this, jobKey));
  }

  dataset(as: string, ref: { readonly uri: string; readonly sha256: string; readonly rows: number }): Promise<From> {
    return this.visit(as, ref.uri, () => describeDataset(this, ref));
  }

  /** A set of model calls, and the models that it asked. */
  set(as: string, setId: string, link: ChainLink, facts: Readonly<Record<string, unknown>> = {}): Promise<From> {
    return this.visit(as, uri.ledger(setId), async () => {
      const models = new Map<string, string>();
      const [first] = await held(() => shardFiles(this.store, setId));
      if (first) for await (const { model, task } of readShard(this.store, first)) models.set(`${task} by`, model);
      const from: From[] = [];
      for (const [task, model] of models) from.push(await this.checkpoint(task, checkpointRef(model)));
      const record = link.manifest.sets.find((set) => set.setId === setId);
      return {
        kind: 'set',
        lap: link.manifest.lap,
        facts: { ...(record && { phase: record.phase, rows: record.rows, counts: record.counts }), ...facts },
        verified: [],
        from,
      };
    });
  }

  /** Questions to people, and who answered first. */
  review(as: string, setId: string, { manifest }: ChainLink): Promise<From> {
    return this.visit(as, uri.reviews(setId), async () => {
      const review = manifest.reviews.find((each) => each.setId === setId);
      if (review === undefined)
        throw new BrokenLink(
          `Broken link: expected the manifest of ${manifest.lap} to name the review set ${setId}, got ` +
            (manifest.reviews.map((each) => each.setId).join(', ') || 'none'),
        );
      const rows = await held(() => this.store.readRows<ReviewRow>(review.results));
      const log = new ReviewLog(this.store);
      const annotators = new Set<string>();
      for (const { id } of rows) {
        for (const entry of await log.read(setId, id)) {
          if (entry.kind === 'verdict') annotators.add(entry.verdict.annotator);
          this.#meetScore(setId, id, entry);
        }
      }
      const { scored, flagged, expired, verdicts } = review;
      return {
        kind: 'review',
        lap: manifest.lap,
        facts: { scored, flagged, expired, verdicts, annotators: [...annotators].sort() },
        verified: [`results: sha256 and ${rows.length} rows`],
        from: [],
      };
    });
  }

  #meetScore(review: string, question: string, entry: ReviewEntry): void {
    if (entry.kind !== 'verdict' || (this.#firstScore !== null && this.#firstScore.at <= entry.at)) return;
    const { annotator, source, score } = entry.verdict;
    this.#firstScore = { review, question, annotator, source, score, at: entry.at };
  }
}
