import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensurePython, findInterpreter, withoutTorch } from '../../../workers/stack/python.ts';
import {
  packageSettings,
  packageSettingsFrom,
  pipEnvironment,
  uvEnvironment,
} from '../../../workers/stack/packageSettings.ts';
import { runStep } from '../../../workers/stack/step.ts';
import { config } from '../../../temporal.config.ts';

test('the environment that the tests run with has the packages of the lock', async () => {
  await expect(ensurePython(() => undefined)).resolves.toBe(config.python);
});

test('the interpreter is new enough', async () => {
  const { version } = await findInterpreter();
  expect(Number(version.split('.')[1])).toBeGreaterThanOrEqual(10);
});

test(
  'for another index of torch, the lock is installed without torch and the CUDA libraries of its default ' + 'build',
  async () => {
    const lock = await readFile(path.join(config.root, 'trainer', 'requirements.lock'), 'utf8');
    const { rest, torch } = withoutTorch(lock);
    expect(torch).toMatch(/^torch==\d+\.\d+/);
    expect(rest).not.toMatch(/^(torch|triton|nvidia-)/m);
    expect(rest).toMatch(/^transformers==/m);
    expect(packagesIn(rest)).toBeLessThan(packagesIn(lock));
    expect(rest.match(/--hash=sha256:[0-9a-f]{64}/g)?.length).toBeGreaterThan(packagesIn(rest));
  },
);

function packagesIn(lock: string): number {
  return lock.match(/^[a-z0-9][\w.-]*==/gim)?.length ?? 0;
}

test('the lock names versions and hashes, and no place to get them from', async () => {
  const lock = await readFile(path.join(config.root, 'trainer', 'requirements.lock'), 'utf8');
  expect(lock).not.toMatch(/https?:|--index-url|--find-links/);
});

test('uv is told what the user told pip, unless the user told uv otherwise', () => {
  const listed = [
    ":env:.cert='/etc/ssl/ca.pem'",
    ":env:.find-links='/opt/a /opt/b'",
    "global.index-url='mirror'",
    "user.index-url='my mirror'",
    "global.disable-pip-version-check='1'",
  ].join('\n');
  const settings = packageSettingsFrom(listed);
  expect(uvEnvironment(settings, {})).toMatchObject({
    SSL_CERT_FILE: '/etc/ssl/ca.pem',
    UV_FIND_LINKS: '/opt/a,/opt/b',
    UV_DEFAULT_INDEX: 'my mirror',
  });
  expect(uvEnvironment(settings, { UV_DEFAULT_INDEX: 'mine', SSL_CERT_FILE: 'x' })).not.toHaveProperty('SSL_CERT_FILE');
  expect(uvEnvironment(settings, { UV_CONSTRAINT: 'x' })).toMatchObject({ UV_CONSTRAINT: undefined });
  expect(packageSettingsFrom(`${listed}\n:env:.index-url='of this shell'`)).toEqual({
    cert: '/etc/ssl/ca.pem',
    'find-links': '/opt/a /opt/b',
    'index-url': 'of this shell',
  });
});

/** What users tell their own Pythons, each of which breaks one that a tool makes, or sends its packages elsewhere. */
const OF_OTHERS = {
  PIP_USER: '1',
  PIP_TARGET: '/nowhere/target',
  PIP_PREFIX: '/nowhere/prefix',
  PIP_ROOT: '/nowhere/root',
  PIP_REQUIRE_VIRTUALENV: 'true',
  PIP_REQUIRE_HASHES: '1',
  PYTHONHOME: '/nowhere',
  PYTHONPATH: '/nowhere',
  PYTHONSTARTUP: '/nowhere/startup.py',
  PYTHONSAFEPATH: '1',
  PYTHONWARNINGS: 'error',
  PYTHONINSPECT: '1',
  PYTHONPLATLIBDIR: 'nowhere',
  VIRTUAL_ENV: '/nowhere/venv',
  CONDA_PREFIX: '/nowhere/conda',
  UV_CONSTRAINT: '/nowhere/constraint',
  UV_OVERRIDE: '/nowhere/override',
  UV_REQUIRE_HASHES: '1',
  UV_MANAGED_PYTHON: '1',
  UV_PROJECT: '/nowhere/project',
  CONDA_DEFAULT_ENV: 'base',
};

describe('with all that others told their Pythons', () => {
  const before = { ...process.env };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flywheel-python-'));
    await writeFile(path.join(folder, 'pip.conf'), '[global]\nuser = true\ntarget = /nowhere\nno-index = true\n');
    Object.assign(process.env, OF_OTHERS, { PIP_CONFIG_FILE: path.join(folder, 'pip.conf') });
  });
  afterAll(() => {
    for (const name of [...Object.keys(OF_OTHERS), 'PIP_CONFIG_FILE'])
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  });

  /** A package of one module, made here. */
  async function tinyWheel(interpreter: string): Promise<string> {
    const wheel = path.join(folder, 'tiny-1.0-py3-none-any.whl');
    const info = 'tiny-1.0.dist-info';
    const files = {
      'tiny.py': 'word = "here"',
      [`${info}/METADATA`]: 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n',
      [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
      [`${info}/RECORD`]: '',
    };
    const zip =
      'import json, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as z:\n' +
      '  for n, t in json.loads(sys.argv[2]).items(): z.writestr(n, t)';
    expect(await runStep(interpreter, ['-c', zip, wheel, JSON.stringify(files)])).toMatchObject({ ok: true });
    return wheel;
  }

  test('an environment is made, and what is installed is in it and can be imported', async () => {
    const { path: interpreter } = await findInterpreter();
    const venv = path.join(folder, 'made');
    const python = path.join(venv, 'bin', 'python');
    expect(await runStep(interpreter, ['-m', 'venv', venv])).toMatchObject({ ok: true });
    const settings = await packageSettings(interpreter);
    expect(settings).toMatchObject({ 'no-index': 'true' });
    const wheel = await tinyWheel(interpreter);
    const installed = await runStep(python, ['-m', 'pip', 'install', wheel], { env: pipEnvironment(settings) });
    expect(installed).toMatchObject({ ok: true });
    expect(await runStep(python, ['-c', 'import tiny; print(tiny.word, tiny.__file__)'])).toMatchObject({
      ok: true,
      output: expect.stringContaining(`here ${venv}`),
    });
  });

  const uv = [path.join(path.dirname(config.python), 'uv'), 'uv'].find(
    (each) => spawnSync(each, ['--version']).status === 0,
  );
  (uv === undefined ? test.skip : test)('so is one by uv', async () => {
    const { path: interpreter } = await findInterpreter();
    const venv = path.join(folder, 'by-uv');
    const env = uvEnvironment({});
    expect(await runStep(uv ?? '', ['venv', '--python', interpreter, venv], { env })).toMatchObject({ ok: true });
    const python = path.join(venv, 'bin', 'python');
    const args = ['pip', 'install', '--python', python, await tinyWheel(interpreter)];
    expect(await runStep(uv ?? '', args, { env })).toMatchObject({ ok: true });
    expect(await runStep(python, ['-c', 'import tiny'])).toMatchObject({ ok: true });
  });

  test('what we start finds the trainer', async () => {
    const { root } = config;
    const started = await runStep(config.python, ['-m', 'trainer.serve', '--help'], {
      env: { PYTHONPATH: root },
      cwd: root,
    });
    expect(started).toMatchObject({ ok: true });
  });
});
