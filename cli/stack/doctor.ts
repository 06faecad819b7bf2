import { existsSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { isFree } from '../../activities/processes/ports.ts';
import { findInterpreter, pythonIsReady } from '../../workers/stack/python.ts';
import { serverAnswers } from '../../workers/stack/temporalServer.ts';
import { runStep } from '../../workers/stack/step.ts';
import { lookForTemporalCli } from '../../workers/stack/temporalCli.ts';
import { domains } from '../../domains/index.ts';
import { config } from '../../temporal.config.ts';
import { stackLife } from '../../workers/stack/stack.ts';
import { EXIT } from '../usage.ts';

/** The Python environment takes 5 GB, a lap some hundred MB. */
const NEEDED_GB = 8;
const OLDEST_NODE = [20, 11] as const;

/** `missing` is what the next `flywheel lap` sets up by itself; `bad` is for the user to mend. */
interface Check {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'bad';
  readonly detail: string;
}

const CHECKS: readonly [string, () => Promise<Omit<Check, 'name'>>][] = [
  ['Node', checkNode],
  ['Python', checkPython],
  ['Python environment', checkEnvironment],
  ['Temporal CLI', checkCli],
  ['Temporal server', checkServer],
  ['ports', checkPorts],
  ['disk', checkDisk],
  ['base checkpoint', checkBase],
];

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('check what a lap needs on this machine')
    .description(
      'Checks Node, Python, the Temporal CLI and server, ports, disk and the base checkpoint. Changes nothing. ' +
        'Exit code 1 when something must be mended.',
    )
    .option('--json', 'print one JSON object')
    .action(async ({ json }: { json?: boolean }) => {
      const checks: Check[] = [];
      for (const [name, check] of CHECKS) {
        checks.push({
          name,
          ...(await check().catch((error: Error) => ({ state: 'bad' as const, detail: error.message }))),
        });
      }
      const ok = checks.every(({ state }) => state !== 'bad');
      if (json === true) process.stdout.write(`${JSON.stringify({ ok, checks })}\n`);
      else
        for (const { name, state, detail } of checks) process.stdout.write(`${state.padEnd(8)} ${name}: ${detail}\n`);
      if (!ok) process.exitCode = EXIT.failed;
    });
}

async function checkNode(): Promise<Omit<Check, 'name'>> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return {
    state: ok ? 'ok' : 'bad',
    detail: `${process.versions.node}${ok ? '' : `; expected ${OLDEST_NODE.join('.')} or newer`}`,
  };
}

async function checkPython(): Promise<Omit<Check, 'name'>> {
  if (!config.pythonSetup.ours) return { state: 'ok', detail: `${config.python} (FLYWHEEL_TRAINER_PYTHON)` };
  const { path: interpreter, version } = await findInterpreter();
  const canMake =
    (await runStep('uv', ['--version'])).ok || (await runStep(interpreter, ['-c', 'import venv, ensurepip'])).ok;
  return canMake
    ? { state: 'ok', detail: `${interpreter} ${version}` }
    : {
        state: 'bad',
        detail: `${interpreter} ${version} has no venv module: install it (on Debian and Ubuntu: python3-venv), or uv`,
      };
}

async function checkEnvironment(): Promise<Omit<Check, 'name'>> {
  return (await pythonIsReady())
    ? { state: 'ok', detail: config.python }
    : { state: 'missing', detail: 'made by the next lap (about a minute, 5 GB)' };
}

async function checkCli(): Promise<Omit<Check, 'name'>> {
  if (config.temporal.external) return { state: 'ok', detail: 'not needed: a server is configured' };
  const found = await lookForTemporalCli();
  if (found !== undefined) return { state: 'ok', detail: `${found.path} (${found.version}, from ${found.from})` };
  return {
    state: 'missing',
    detail: 'downloaded or built by the next lap (seconds with internet access, about 5 minutes with Go)',
  };
}

async function checkServer(): Promise<Omit<Check, 'name'>> {
  const { address, external } = config.temporal;
  if (!external && (await stackLife()) !== 'running')
    return { state: 'ok', detail: 'not running; the next lap starts it' };
  if (await serverAnswers(5_000)) return { state: 'ok', detail: `answers at ${address}` };
  const remedy = external
    ? 'check TEMPORAL_ADDRESS and your temporal.toml profile'
    : `see ${path.join(config.logDir, 'temporal.log')}`;
  return { state: 'bad', detail: `no answer at ${address}: ${remedy}` };
}

async function checkPorts(): Promise<Omit<Check, 'name'>> {
  const ports = { temporal: config.temporal.port, 'web ui': config.temporal.uiPort, reward: config.rewardService.port };
  if ((await stackLife()) === 'running')
    return { state: 'ok', detail: `${JSON.stringify(ports)}, in use by the stack` };
  const taken: string[] = [];
  for (const [name, port] of Object.entries(ports)) if (!(await isFree(port))) taken.push(`${name} ${port}`);
  return {
    state: 'ok',
    detail:
      taken.length === 0
        ? `${JSON.stringify(ports)} are free`
        : `taken: ${taken.join(', ')}; free ones are chosen instead`,
  };
}

async function checkDisk(): Promise<Omit<Check, 'name'>> {
  await mkdir(config.stateDir, { recursive: true });
  const { bavail, bsize } = await statfs(config.stateDir);
  const free = (bavail * bsize) / 1e9;
  const needed = (await pythonIsReady()) ? 2 : NEEDED_GB;
  return {
    state: free >= needed ? 'ok' : 'bad',
    detail: `${free.toFixed(0)} GB free in ${config.stateDir}${free >= needed ? '' : `; expected ${needed} GB`}`,
  };
}

async function checkBase(): Promise<Omit<Check, 'name'>> {
  const files = [...domains.byName.values()].flatMap(({ bases }) =>
    Object.values(bases).map((folder) => path.join(config.root, folder, 'model.safetensors')),
  );
  const missing = files.filter((file) => !existsSync(file));
  return missing.length === 0
    ? { state: 'ok', detail: files.map((file) => path.dirname(file)).join(', ') }
    : { state: 'bad', detail: `${missing.join(', ')}: not there; check the clone out again` };
}
