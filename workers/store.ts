import path from 'node:path';
import { createHash } from 'node:crypto';
import { FileStore } from '../activities/store/files.ts';
import { measured } from '../activities/store/measured.ts';
import { S3Store } from '../activities/store/s3/store.ts';
import type { ArtifactStore } from '../activities/store/types.ts';
import { config, type StorePlace } from '../temporal.config.ts';

/** A store, by where it is. One of another kind is opened here, and nowhere else. */
export function openStore(place: StorePlace): ArtifactStore {
  switch (place.kind) {
    case 'folder':
      return new FileStore(place.folder);
    case 's3': {
      const { bucket, prefix, endpoint = '' } = place;
      const name = createHash('sha256')
        .update(JSON.stringify([endpoint, bucket, prefix]))
        .digest('hex')
        .slice(0, 12);
      return new S3Store(place, path.join(config.cacheDir, `${bucket}-${name}`));
    }
  }
}

/** The artifact store of this installation. */
export const store: ArtifactStore = measured(openStore(config.store));
