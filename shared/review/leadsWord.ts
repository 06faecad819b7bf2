import type { ArtifactRef } from '../records.ts';

/**
 * What a lead says where audits speak against something: whether it is used for all that. Sent as the Update `decide`
 * to the workflow that waits for it.
 */
export interface LeadsWord {
  /** `label 0`, or the stage whose model people's scores speak against. */
  readonly about: string;
  readonly use: boolean;
  readonly annotator: string;
  readonly reason?: string;
}

/** As it is kept, in a file that is never changed; the newest about a thing holds. */
export interface RecordedWord extends LeadsWord {
  /** ISO 8601. */
  readonly at: string;
  readonly ref: ArtifactRef;
}
