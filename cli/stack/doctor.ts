import { existsSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { checkpointThinking } from '../../activities/store/thinking.ts';
import { POOLS, readPools } from '../../activities/serving/pool/settings.ts';
import { poolLine, poolStatuses } from '../../activities/serving/pool/status.ts';
import { configuredEndpoints } from '../../activities/serving/endpoints.ts';
import { formatText } from '../../shared/thinking.ts';
import { isFree } from '../../activities/processes/ports.ts';
import { FileStore, hasHardLinks } from '../../activities/store/files.ts';
import { addressOf } from '../../activities/store/s3/place.ts';
import { S3Store } from '../../activities/store/s3/store.ts';
import { formatOf, STORE_FORMAT } from '../../activities/store/format.ts';
import { store } from '../../workers/store.ts';
import { configuredClusters } from '../../workers/configured.ts';
import { findInterpreter, pythonIsReady } from '../../workers/stack/python.ts';
import { serverAnswers } from '../../workers/stack/temporalServer.ts';
import { logFile } from '../../workers/stack/services.ts';
import { isAtLeast, runStep } from '../../workers/stack/step.ts';
import { lookForTemporalCli } from '../../workers/stack/temporalCli.ts';
import { domains } from '../../domains/index.ts';
import { config } from '../../temporal.config.ts';
import { stackLife } from '../../workers/stack/stack.ts';
import { targets } from '../../workers/watch/targets.ts';
import type { ClusterFinding } from '../../activities/clusters/prove.ts';
import type { RoleSeen } from '../../activities/preflight/roles.ts';
import { Interrupted, Interruption } from '../interruption.ts';
import { chosenLap, withLapChoices, type LapChoices } from '../lap/lapOptions.ts';
import { LiveView } from '../lap/liveView.ts';
import { EXIT, UsageError } from '../usage.ts';
import { doctorCluster } from './doctorCluster.ts';
import { doctorRecipe } from './doctorRecipe.ts';

/** The Python environment takes 5 GB, a lap some hundred MB. */
const NEEDED_GB = 8;
const OLDEST_NODE = '20.11';

/** `missing` is what the next `flywheel lap` sets up by itself; `bad` is for the user to mend. */
interface Finding {
  readonly state: 'ok' | 'missing' | 'bad';
  readonly detail: string;
}

const CONFIG = 'config.json';

/** Of the bases that domains ship: one may borrow another's. */
function baseFolders(): string[] {
  const bases = [...domains.byName.values()].flatMap((domain) => Object.values(domain.bases));
  return [...new Set(bases)].map((folder) => path.join(config.root, folder));
}

/** What solve, label and evaluate do without, where they ask an endpoint. */
const OF_LAPS: readonly string[] = ['Python', 'Python environment', 'clusters', 'thinking', 'base checkpoint'];

interface Looking {
  /** Whether laps are of interest, too. */
  readonly laps: boolean;
}

const CHECKS: Readonly<Record<string, (looking: Looking) => Promise<Finding>>> = {
  async Node() {
    const { node } = process.versions;
    return isAtLeast(OLDEST_NODE, node)
      ? { state: 'ok', detail: node }
      : { state: 'bad', detail: `${node}; expected ${OLDEST_NODE} or newer` };
  },

  async Python() {
    if (!config.pythonSetup.ours) return { state: 'ok', detail: `${config.python} (FLYWHEEL_TRAINER_PYTHON)` };
    const { path: interpreter, version } = await findInterpreter();
    const canMake =
      (await runStep('uv', ['--version'])).ok || (await runStep(interpreter, ['-c', 'import venv, ensurepip'])).ok;
    return canMake
      ? { state: 'ok', detail: `${interpreter} ${version}` }
      : {
          state: 'bad',
          detail:
            `${interpreter} ${version} has no venv module: install it (on Debian and Ubuntu: python3-venv), or ` + 'uv',
        };
  },

  async 'Python environment'() {
    return (await pythonIsReady())
      ? { state: 'ok', detail: config.python }
      : { state: 'missing', detail: 'made by the next lap (about a minute, 5 GB)' };
  },

  async 'Temporal CLI'() {
    if (config.temporal.external) return { state: 'ok', detail: 'not needed: a server is configured' };
    const found = await lookForTemporalCli();
    return found
      ? { state: 'ok', detail: `${found.path} (${found.version}, from ${found.from})` }
      : {
          state: 'missing',
          detail: 'downloaded or built when it is needed (seconds with internet access, about 5 minutes with Go)',
        };
  },

  async 'Temporal server'() {
    const { address, external } = config.temporal;
    if (!external && (await stackLife()) !== 'running')
      return { state: 'ok', detail: 'not running; the next lap or product starts it' };
    if (await serverAnswers(5_000)) return { state: 'ok', detail: `answers at ${address}` };
    const remedy = external ? 'check TEMPORAL_ADDRESS and your temporal.toml profile' : `see ${logFile('temporal')}`;
    return { state: 'bad', detail: `no answer at ${address}: ${remedy}` };
  },

  async 'annotation desk'() {
    const { host, port, publicUrl, login } = config.desk;
    const who = `people sign in by token${login === undefined ? '' : ` or at ${login.issuer}`}`;
    if ((await stackLife()) !== 'running')
      return { state: 'ok', detail: `not running; it is started with the stack: ${publicUrl}, ${who}` };
    const answers = await fetch(`http://${host}:${port}/health`, { signal: AbortSignal.timeout(5_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    return answers
      ? { state: 'ok', detail: `answers at ${publicUrl}, ${who}` }
      : { state: 'bad', detail: `no answer at http://${host}:${port}: see ${logFile('desk')}` };
  },

  async metrics() {
    const { isOn, host, portOf } = config.metrics;
    if (!isOn) return { state: 'ok', detail: 'off (FLYWHEEL_METRICS_PORT)' };
    const living = (await targets()).filter(({ lives }) => lives);
    if (living.length === 0)
      return { state: 'ok', detail: `no process runs; they will be at ${host}, from port ${portOf('worker')} on` };
    const silent = await Promise.all(
      living.map(async ({ process, address }) => {
        const url = `http://${address}/healthz`;
        const answers = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
        return answers?.ok === true ? [] : [`${process} does not answer at ${url}: see ${config.logDir}`];
      }),
    );
    const [trouble] = silent.flat();
    if (trouble !== undefined) return { state: 'bad', detail: trouble };
    return { state: 'ok', detail: living.map(({ process, address }) => `${process} at ${address}`).join(', ') };
  },

  async ports({ laps }) {
    const { port: temporal, uiPort } = config.temporal;
    const ports = {
      temporal,
      'web ui': uiPort,
      desk: config.desk.port,
      ...(laps && { reward: config.rewardService.port }),
    };
    const all = JSON.stringify(ports);
    if ((await stackLife()) === 'running') return { state: 'ok', detail: `${all}, in use by the stack` };
    const taken: string[] = [];
    for (const [name, port] of Object.entries(ports)) if (!(await isFree(port))) taken.push(`${name} ${port}`);
    return {
      state: 'ok',
      detail: taken.length === 0 ? `${all} are free` : `taken: ${taken.join(', ')}; free ones are chosen instead`,
    };
  },

  async disk({ laps }) {
    await mkdir(config.stateDir, { recursive: true });
    const { bavail, bsize } = await statfs(config.stateDir);
    const free = (bavail * bsize) / 1e9;
    const needed = !laps || (await pythonIsReady()) ? 2 : NEEDED_GB;
    const detail = `${free.toFixed(0)} GB free in ${config.stateDir}`;
    return free >= needed ? { state: 'ok', detail } : { state: 'bad', detail: `${detail}; expected ${needed} GB` };
  },

  async store() {
    const format = `format ${await formatOf(store)}, ${STORE_FORMAT} is written`;
    if (store instanceof S3Store) {
      await store.bucket.check();
      return { state: 'ok', detail: `${addressOf(store.place, '')} heeds conditions; ${format}` };
    }
    const folder = config.store.kind === 'folder' && existsSync(config.store.folder) ? config.store.folder : undefined;
    return (await hasHardLinks(folder ?? config.stateDir))
      ? { state: 'ok', detail: format }
      : {
          state: 'ok',
          detail:
            `${format}; there are no hard links in ${folder ?? config.stateDir}: locks and records are made without, ` +
            'which a kill at the wrong moment can leave half made. FLYWHEEL_STATE on another file system is safer',
        };
  },

  async clusters() {
    return {
      state: 'ok',
      detail: configuredClusters()
        .map(({ name }) => name)
        .join(', '),
    };
  },

  async endpoints() {
    const found = await configuredEndpoints(config.inference);
    if (found === undefined) return { state: 'ok', detail: 'none: needed by the engine external alone' };
    const names = found.endpoints.map(({ baseUrl, models, apiKeyEnv }) => {
      const served = models === undefined ? 'every model under its digest' : Object.values(models).join(', ');
      return `${baseUrl} (${served}${apiKeyEnv === undefined ? '' : `; key in ${apiKeyEnv}`})`;
    });
    const imported = existsSync(config.inference.endpointsFile) && found.from !== config.inference.endpointsFile;
    const unused = imported ? `; it wins over ${config.inference.endpointsFile}` : '';
    return { state: 'ok', detail: `${names.join(', ')}, from ${found.from}${unused}` };
  },

  async pools() {
    if (config.inference.pools === undefined) return { state: 'ok', detail: 'none: needed by the engine pool alone' };
    const known = configuredClusters().map(({ name }) => name);
    const pools = readPools(config.inference.pools);
    const lost = pools.filter(({ cluster }) => !known.includes(cluster));
    if (lost.length > 0)
      return {
        state: 'bad',
        detail: lost
          .map(({ name, cluster }) => `${name}.cluster of ${POOLS}: expected ${known.join(' or ')}, got ${cluster}`)
          .join('; '),
      };
    const said = pools.map(
      ({ name, cluster, replicas: { min, max }, gpus, concurrency }) =>
        `${name} on ${cluster}: ${min} to ${max} replicas of ${gpus} GPUs and ${concurrency} calls`,
    );
    return { state: 'ok', detail: [...said, ...(await poolStatuses(store)).map(poolLine)].join('; ') };
  },

  /** How the replies of shipped and imported bases hold thinking, and those of endpoints. */
  async thinking() {
    const said: string[] = [];
    const say = async (name: string, from: ArtifactStore, folder: string) => {
      said.push(`${name}: ${formatText((await checkpointThinking(from, folder)).of())}`);
    };
    for (const folder of baseFolders()) await say(path.relative(config.root, folder), new FileStore(folder), '');
    for await (const place of store.list('imports/')) {
      const folder = place.slice(0, -CONFIG.length);
      if (place.endsWith(`/${CONFIG}`)) await say(folder.slice(0, -1), store, folder);
    }
    for (const { baseUrl, thinking } of (await configuredEndpoints(config.inference))?.endpoints ?? [])
      said.push(`${baseUrl}: ${thinking === undefined ? 'as its model says' : formatText(thinking)}`);
    return { state: 'ok', detail: said.join('; ') };
  },

  async 'base checkpoint'() {
    const folders = baseFolders();
    const missing = folders.map((folder) => path.join(folder, 'model.safetensors')).filter((file) => !existsSync(file));
    return missing.length === 0
      ? { state: 'ok', detail: folders.join(', ') }
      : { state: 'bad', detail: `${missing.join(', ')}: not there; check the clone out again` };
  },
};

interface DoctorOptions extends LapChoices {
  readonly calls: string;
  readonly products?: boolean;
  readonly cluster?: string;
  readonly json?: boolean;
}

export function registerDoctor(program: Command): void {
  withLapChoices(program.command('doctor'))
    .summary('check what a lap needs on this machine, and what a recipe needs')
    .description(
      'Checks Node, Python, the Temporal CLI and server, the annotation desk, ports, disk, store, clusters, pools, ' +
        'thinking and base checkpoints.\n' +
        'With --recipe, or another option that says what the lap is, also whether its sizes fit its files and ' +
        'servers, and what its base answers: it is taken into the store, served as the lap would, and asked a few ' +
        'questions in each role. Needs no Temporal server. Exit code 1 when something must be mended.',
    )
    .option('--products', 'only what solve, label and evaluate need to ask an endpoint: no Python')
    .option('--calls <number>', 'questions of each role, where a recipe is looked at', '4')
    .option(
      '--cluster <name>',
      'prove a cluster of FLYWHEEL_CLUSTERS instead: a job of a minute that is stopped and goes on; needs `flywheel dev`',
    )
    .option('--json', 'print one JSON object')
    .action(doctor);
}

async function doctor({ json, calls, products = false, cluster, ...choices }: DoctorOptions): Promise<void> {
  if (cluster !== undefined) return proved(cluster, json === true);
  if (!/^[1-9]\d{0,3}$/.test(calls))
    throw new UsageError(`--calls: expected a whole number from 1 to 9999, got ${JSON.stringify(calls)}`);
  const looksAtRecipe = Object.values(choices).some((choice) => choice !== undefined && String(choice) !== '');
  if (products && looksAtRecipe) throw new UsageError('Expected --products without options that say what a lap is');
  const lap = looksAtRecipe ? await chosenLap(choices) : undefined;
  const checks: (Finding & { readonly name: string })[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    if (products && OF_LAPS.includes(name)) continue;
    checks.push({
      name,
      ...(await check({ laps: !products }).catch((error: Error) => ({ state: 'bad' as const, detail: error.message }))),
    });
  }
  let roles: readonly RoleSeen[] = [];
  if (lap !== undefined) {
    const interruption = new Interruption();
    try {
      const seen = await doctorRecipe(lap, Number(calls), new LiveView(process.stderr), interruption);
      checks.push(...seen.findings);
      roles = seen.roles;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      console.error('Interrupted; what was started is ended.');
    }
    interruption.exit();
  }
  const ok = checks.every(({ state }) => state !== 'bad');
  if (json) console.log(JSON.stringify({ ok, checks, ...(lap && { roles }) }));
  else for (const { name, state, detail } of checks) console.log(`${state.padEnd(8)} ${name}: ${detail}`);
  if (!ok) process.exitCode = EXIT.failed;
}

async function proved(cluster: string, json: boolean): Promise<void> {
  const interruption = new Interruption();
  const checks: ClusterFinding[] = [];
  try {
    for await (const finding of doctorCluster(cluster, interruption)) {
      checks.push(finding);
      if (!json) console.log(`${finding.state.padEnd(8)} ${finding.name}: ${finding.detail}`);
    }
  } catch (error) {
    if (!interruption.happened) throw error;
    console.error('Interrupted; what was started is ended.');
  }
  interruption.exit();
  const ok = checks.every(({ state }) => state === 'ok');
  if (json) console.log(JSON.stringify({ ok, checks }));
  if (!ok) process.exitCode = EXIT.failed;
}
