import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { config } from '../../../temporal.config.ts';

/** What tests fetch and keep: never part of the trainer's Python environment. */
const KEPT = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'proof-flywheel-tests');
/** As smolBase.py ends where something cannot be fetched. */
const NOT_FETCHED = 75;

/** A folder, or what cannot be fetched, by name. */
export type Fetched = { readonly folder: string } | { readonly missing: string };

/** A small real language model, written to a folder as a base. */
export function smolBase(folder: string): Fetched {
  const script = path.join(import.meta.dirname, 'smolBase.py');
  const { status, stderr } = spawnSync(config.python, [script, folder, KEPT], { encoding: 'utf8' });
  if (status === 0) return { folder };
  if (status === NOT_FETCHED) return { missing: stderr.trim() };
  throw new Error(`smolBase.py ended with ${status}:\n${stderr}`);
}

/** Python packages beside the environment, once `PYTHONPATH` names the folder. */
export function packages(...names: readonly string[]): Fetched {
  const folder = path.join(KEPT, names.join(' '));
  if (existsSync(folder)) return { folder };
  const whole = `${folder} ${process.pid}`;
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', whole, ...names];
  const { status, stderr } = spawnSync(config.python, args, { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(whole, { recursive: true, force: true });
    return { missing: `${names[0]} cannot be fetched with pip: ${stderr.trim().split('\n').at(-1)}` };
  }
  renameSync(whole, folder);
  return { folder };
}
