import { registry } from '../shared/domain.ts';
import { implications } from './implications/index.ts';
import { proofs } from './proofs/index.ts';
import { rehearsal } from './rehearsal/index.ts';

/** Every domain of this installation; the first one's first preset is what an empty input means. */
export const domains = registry(rehearsal, proofs, implications);
