import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { config } from '../../temporal.config.ts';

const FOLDER = path.join(config.root, 'deploy', 'systemd');
const units = readdirSync(FOLDER).filter((name) => name.endsWith('.service'));
const textOf = (unit: string): string => readFileSync(path.join(FOLDER, unit), 'utf8');
const valuesOf = (unit: string, field: string): string[] =>
  [...textOf(unit).matchAll(new RegExp(`^${field}=(.*)$`, 'gm'))].map(([, value = '']) => value);
const BY_HAND = /^\/usr\/bin\/node \/opt\/proof-flywheel\/(\S+) (.*)$/;

test.each(units)('%s runs a command that there is, until it has handed on what is under way', (unit) => {
  const [, script = '', args = ''] = BY_HAND.exec(valuesOf(unit, 'ExecStart')[0] ?? '') ?? [];
  const { status, stdout } = spawnSync(
    process.execPath,
    [path.join(config.root, script), ...args.split(' '), '--help'],
    { encoding: 'utf8' },
  );
  expect([status, stdout]).toEqual([0, expect.stringContaining(`Usage: flywheel ${args.split(' ')[0]}`)]);
  const isWorker = args.startsWith('worker');
  expect(Number(valuesOf(unit, 'TimeoutStopSec')[0])).toBeGreaterThan(isWorker ? 15 : 5);
  expect(valuesOf(unit, 'Restart')).toEqual(['always']);
  expect(valuesOf(unit, 'EnvironmentFile')[0]).toBe('/etc/flywheel/settings.env');
});

test('the target starts all of them', () => {
  expect(valuesOf('flywheel.target', 'Wants').join(' ').split(' ').toSorted()).toEqual(units.toSorted());
});

test('what starts processes that outlive it leaves them to the next one', () => {
  const keeping = units.filter((unit) => valuesOf(unit, 'KillMode')[0] === 'process');
  expect(keeping.toSorted()).toEqual(['flywheel-inference.service', 'flywheel-training.service']);
});

const { error: missing } = spawnSync('systemd-analyze', ['--version']);
(missing === undefined ? test : test.skip)('systemd takes every unit without a remark', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'flywheel-units-'));
  try {
    const names = [...units, 'flywheel.target'];
    for (const name of names) {
      const here = textOf(name)
        .replaceAll('/opt/proof-flywheel', config.root)
        .replaceAll('/usr/bin/node', process.execPath);
      writeFileSync(path.join(folder, name), here);
    }
    const files = names.map((name) => path.join(folder, name));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
