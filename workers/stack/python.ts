import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { config } from '../../temporal.config.ts';
import type { Environment } from '../../activities/processes/records.ts';
import { withLease } from '../../activities/store/lease.ts';
import { stateFiles } from './state.ts';
import { isAtLeast, lastLine, runStep, sayOnStderr, type Say } from './step.ts';
import { packageSettings, pipEnvironment, uvEnvironment } from './packageSettings.ts';

/** The oldest Python that the locked packages support. */
const OLDEST_PYTHON = '3.10';
/** Makes the environment in under a minute where pip takes several; without it pip does. */
const UV = 'uv==0.13.9';

/** What the trainer and the model server import. */
const PACKAGES = ['torch', 'transformers', 'trl', 'fastapi'];

const folder = path.join(config.stateDir, 'python');
const lockFile = path.join(config.root, 'trainer', 'requirements.lock');
/** Written last: an environment without it was interrupted. */
const stampFile = 'python/flywheel.json';

interface Stamp {
  /** Of the lock file and the index choice: what the environment was made from. */
  readonly madeFrom: string;
}

/**
 * The trainer's and model server's Python, made under the state folder from `trainer/requirements.lock` where it is
 * missing, unfinished or of another lock. Packages come from wherever the user's pip gets them.
 * @throws when there is no Python 3.10, no way to make an environment, or an installation fails: the message says what
 * to do.
 */
export async function ensurePython(say: Say = sayOnStderr): Promise<string> {
  if (await pythonIsReady()) return config.python;
  return withLease(
    stateFiles,
    'python.lock',
    (holder) => say(`Python: process ${holder.pid} is making the environment already; waiting for it`),
    async () => {
      if (!(await pythonIsReady())) await makeEnvironment(say);
      return config.python;
    },
  );
}

/**
 * True when the environment is whole and of the present lock.
 * @throws when FLYWHEEL_TRAINER_PYTHON names an environment that lacks the packages.
 */
export async function pythonIsReady(): Promise<boolean> {
  if (!config.pythonSetup.ours) {
    const check = await runStep(config.python, [
      '-c',
      `import importlib.util\nfor name in ${JSON.stringify(PACKAGES)}: importlib.util.find_spec(name) or ` +
        'exit(f"there is no {name}")',
    ]);
    if (check.ok) return true;
    throw new Error(
      `Expected FLYWHEEL_TRAINER_PYTHON (${config.python}) to have the packages of trainer/requirements.lock, ` +
        `got: ${check.reason}`,
    );
  }
  if (!existsSync(config.python)) return false;
  return (await stateFiles.findJson<Stamp>(stampFile))?.madeFrom === (await digestOfChoices());
}

/** The interpreter to make the environment with, and its version. @throws when there is none that is new enough. */
export async function findInterpreter(): Promise<{ path: string; version: string }> {
  const named = config.pythonSetup.interpreter;
  const tried: string[] = [];
  const candidates = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
  for (const candidate of named === undefined ? candidates : [named]) {
    const { ok, output } = await runStep(candidate, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], {
      timeoutMs: 20_000,
    });
    const version = lastLine(output);
    if (ok && isAtLeast(OLDEST_PYTHON, version)) return { path: candidate, version };
    if (ok) tried.push(`${candidate} is ${version}`);
  }
  throw new Error(
    `Expected Python ${OLDEST_PYTHON} or newer${named === undefined ? ' on PATH' : ' in FLYWHEEL_PYTHON'}, got ` +
      `${tried.join(', ') || `no answer from ${named ?? 'python3'}`}. ` +
      'Install one, or set FLYWHEEL_PYTHON to it, and run the command again.',
  );
}

async function makeEnvironment(say: Say): Promise<void> {
  const interpreter = await findInterpreter();
  const madeFrom = await digestOfChoices();
  say(
    `Python: making an environment with ${interpreter.path} ${interpreter.version} (torch and its libraries: up ` +
      'to 5 GB, about a minute with uv, several with pip)',
  );
  await rm(folder, { recursive: true, force: true });
  const uvOnPath = (await runStep('uv', ['--version'], { timeoutMs: 20_000 })).ok;
  await makeVenv(interpreter.path, uvOnPath);
  const settings = await packageSettings(interpreter.path);
  const uv = uvOnPath ? 'uv' : await installUv(say, pipEnvironment(settings));
  const env = uv === undefined ? pipEnvironment(settings) : uvEnvironment(settings);
  const onProgress = (seconds: number, line: string): void =>
    say(`Python: installing for ${seconds} s${line === '' ? '' : ` (${line.slice(0, 100)})`}`);
  const install = async (what: string, args: readonly string[]): Promise<void> => {
    say(`Python: installing ${what} with ${uv === undefined ? 'pip' : 'uv'}`);
    const { ok, reason, output } =
      uv === undefined
        ? await runStep(config.python, ['-m', 'pip', 'install', '--no-input', '--progress-bar', 'off', ...args], {
            env,
            onProgress,
          })
        : await runStep(uv, ['pip', 'install', '--python', config.python, ...args], { env, onProgress });
    if (ok) return;
    throw new Error(
      `Cannot install ${what}: ${reason}\n${output.trimEnd().split('\n').slice(-8).join('\n')}\n` +
        "Packages come from where pip is configured to get them: check the network and pip's configuration, then " +
        'run the command again.',
    );
  };

  const { torchIndex } = config.pythonSetup;
  if (torchIndex === undefined) {
    await install('the locked packages', ['--require-hashes', '-r', lockFile]);
  } else {
    // The lock's hashes are of the default index's torch: another index's has the same version and other bytes.
    const { rest, torch } = withoutTorch(await readFile(lockFile, 'utf8'));
    const restFile = path.join(folder, 'requirements.without-torch.txt');
    await writeFile(restFile, rest);
    await install('the locked packages but torch', ['--require-hashes', '--no-deps', '-r', restFile]);
    await install(`${torch} from the index in FLYWHEEL_TORCH_INDEX`, ['--no-deps', '--index-url', torchIndex, torch]);
  }
  const check = await runStep(config.python, ['-c', `import ${PACKAGES.join(', ')}; print(torch.__version__)`], {
    env: { OMP_NUM_THREADS: '1' },
  });
  if (!check.ok)
    throw new Error(
      `The Python environment in ${folder} cannot import its packages: ${check.reason}. Remove the folder and ` +
        'run the command again.',
    );
  await stateFiles.writeJson(stampFile, { madeFrom } satisfies Stamp);
  say(`Python: ready (torch ${lastLine(check.output)})`);
}

async function makeVenv(interpreter: string, withUv: boolean): Promise<void> {
  const timeout = { timeoutMs: 120_000 };
  const result = withUv
    ? await runStep('uv', ['venv', '--python', interpreter, folder], { ...timeout, env: uvEnvironment({}) })
    : await runStep(interpreter, ['-m', 'venv', folder], timeout);
  if (result.ok) return;
  await rm(folder, { recursive: true, force: true });
  throw new Error(
    `Cannot make a Python environment in ${folder}: ${result.reason}. ` +
      'Install the venv module (on Debian and Ubuntu: the package python3-venv) or uv ' +
      '(https://docs.astral.sh/uv), and run the command again.',
  );
}

/** @returns the uv in the new environment, or undefined where pip could not get it. */
async function installUv(say: Say, env: Environment): Promise<string | undefined> {
  const result = await runStep(config.python, ['-m', 'pip', 'install', '--quiet', UV], { env, timeoutMs: 120_000 });
  if (result.ok) return path.join(folder, 'bin', 'uv');
  say(`Python: no uv (${result.reason}); pip installs instead`);
  return undefined;
}

/** The lock less torch and the CUDA libraries that only its default build needs. */
export function withoutTorch(lock: string): { rest: string; torch: string } {
  const blocks = lock.split(/\n(?=\S)/);
  const torch = blocks.map((block) => /^torch==[^\s\\;]+/.exec(block)?.[0]).find((name) => name !== undefined);
  if (torch === undefined) throw new Error(`Expected a line torch==… in ${lockFile}`);
  return { rest: `${blocks.filter((block) => !/^(torch|triton|nvidia-|cuda-)/.test(block)).join('\n')}\n`, torch };
}

async function digestOfChoices(): Promise<string> {
  return createHash('sha256')
    .update(await readFile(lockFile))
    .update(config.pythonSetup.torchIndex ?? '')
    .digest('hex');
}
