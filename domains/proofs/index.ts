import type { Domain } from '../../shared/domain.ts';
import { node, paper, team } from './presets.ts';
import { ruleOf, settings, splitFile, type ProofsSettings } from './problems.ts';
import { teamSizes } from './sizing.ts';

/** Proofs in natural language: a team brings problems and a base, and people are the experts. */
export const proofs: Domain<ProofsSettings> = {
  name: 'proofs',
  settings,
  presets: { paper, team, node },
  sizing: { team: teamSizes },
  prompts: 'paper',
  bases: {},
  alike: ruleOf,
  sizes({ validationShare, heldOutShare }, asked, counted) {
    // Of a file that was read it is known which groups each split has.
    if (counted !== undefined) return counted.splits;
    const [validation, heldOut] = [Math.ceil(asked * validationShare), Math.ceil(asked * heldOutShare)];
    const rest = asked - validation - heldOut;
    return { train: rest, validation, heldOut, next: rest, assumed: true };
  },
  problems: splitFile,
};
