import type { Command } from 'commander';
import { registerCopy } from './copy.ts';
import { registerGc } from './gc.ts';
import { registerVerify } from './verify.ts';

/** `flywheel store verify | gc | copy`: what a store keeps, and whether it still is that. */
export function registerStore(program: Command): void {
  const command = program
    .command('store')
    .summary('check the artifact store, remove what nothing needs, copy a lap to another')
    .description('Works on the store that FLYWHEEL_STORE names, a folder or S3 (docs/stores.md). Needs no server.');
  registerVerify(command);
  registerGc(command);
  registerCopy(command);
}
