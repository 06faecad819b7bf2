import { FileStore } from '../activities/store/files.ts';
import type { ArtifactStore } from '../activities/store/types.ts';
import { config } from '../temporal.config.ts';

/** The artifact store of this installation. One of another kind is opened here, and nowhere else. */
export const store: ArtifactStore = new FileStore(config.storeDir);
