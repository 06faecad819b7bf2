import type { Domain } from '../../shared/domain.ts';
import { paper, team } from './presets.ts';
import { settings, splitFile, type ProofsSettings } from './problems.ts';
import { teamSizes } from './sizing.ts';

/** Proofs in natural language: a team brings problems and a base, and people are the experts. */
export const proofs: Domain<ProofsSettings> = {
  name: 'proofs',
  settings,
  presets: { paper, team },
  sizing: { team: teamSizes },
  prompts: 'paper',
  bases: {},
  sizes({ validationShare, heldOutShare, difficulties }, asked, counted) {
    const count = counted?.count ?? asked;
    const [validation, heldOut] = [Math.ceil(count * validationShare), Math.ceil(count * heldOutShare)];
    const rest = count - validation - heldOut;
    const assumed = counted === undefined && { assumed: true };
    const { train, next } = difficulties && counted ? counted.splits : { train: rest, next: rest };
    return { train: Math.min(train, rest), validation, heldOut, next: Math.min(next, rest), ...assumed };
  },
  problems: splitFile,
};
