import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { config } from '../../../temporal.config.ts';
import { lapWorld } from '../../lapWorld.ts';

/** What docs/operations.md says: the database first, then the store, then what is the installation's own. */
function backUp(stateDir: string, to: string): void {
  const copy = `import sqlite3, sys; a, b = map(sqlite3.connect, sys.argv[1:]); a.backup(b)`;
  execFileSync(config.python, ['-c', copy, path.join(stateDir, 'temporal.db'), path.join(to, 'temporal.db')]);
  cpSync(path.join(stateDir, 'store'), path.join(to, 'store'), { recursive: true });
  for (const own of [
    'bundles',
    'run/reward-token.json',
    'run/desk-secret.json',
    'run/jobs',
    'run/replicas',
    'endpoints.json',
  ]) {
    const from = path.join(stateDir, own);
    if (existsSync(from)) cpSync(from, path.join(to, own), { recursive: true });
  }
}

test('a lap that was under way when it was backed up goes on from the copy, in another place', async () => {
  const before = await lapWorld();
  const after = await lapWorld();
  const copy = mkdtempSync(path.join(tmpdir(), 'flywheel-backup-'));
  const early = before.start('lap', '--preset', 'smoke');
  const steps = (): number =>
    readdirSync(before.stateDir, { recursive: true }).filter((name) => /jobs.*metrics\.jsonl$/.test(String(name)))
      .length;
  // In the middle of the second training: one has ended, one has steps to go.
  while (steps() < 2) await sleep(200);
  backUp(before.stateDir, copy);
  await before.killEverything();
  await early.exit;
  rmSync(before.stateDir, { recursive: true, force: true, maxRetries: 5 });
  cpSync(copy, after.stateDir, { recursive: true });
  rmSync(copy, { recursive: true });
  const late = after.start('lap', '--preset', 'smoke');
  const code = await late.exit;
  expect([code, late.output()]).toEqual([0, expect.stringContaining('Going on with the open lap')]);
  expect(after.manifest('main/lap-0001').stages).toHaveLength(5);
  expect(existsSync(before.stateDir)).toBe(false);
  await after.dispose();
});
