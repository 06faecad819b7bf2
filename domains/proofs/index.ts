import type { Domain } from '../../shared/domain.ts';
import { paper } from './presets.ts';
import { settings, splitFile, type ProofsSettings } from './problems.ts';

/** Proofs in natural language: a team brings problems and a base, and people are the experts. */
export const proofs: Domain<ProofsSettings> = {
  name: 'proofs',
  settings,
  presets: { paper },
  prompts: 'paper',
  bases: {},
  sizes({ validationShare, heldOutShare }, asked) {
    const [validation, heldOut] = [Math.ceil(asked * validationShare), Math.ceil(asked * heldOutShare)];
    const train = asked - validation - heldOut;
    return { train, validation, heldOut, next: train, assumed: true };
  },
  problems: splitFile,
};
