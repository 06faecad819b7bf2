import { readLiving } from '../../activities/processes/records.ts';
import { config, PORT_SETTINGS, type PortName } from '../../temporal.config.ts';
import { keepAlive, type Kept, type KeptState } from './keepAlive.ts';
import { choosePorts } from './ports.ts';
import { rewardsAreWanted } from './rewards.ts';
import { launchOf, nodeCommand, recordFile, SERVICE_NAMES, SERVICES, type ServiceName } from './services.ts';
import { knownRewardToken, newRewardToken, writeStackState } from './state.ts';
import { stopStack } from './stop.ts';
import { lookForTemporalCli } from './temporalCli.ts';
import { launchOfServer, prepareServer, serverAnswers, serverWorks } from './temporalServer.ts';

/**
 * Keeps the dev stack running: Temporal server, worker, annotation desk, and for laps the reward service. It is a
 * detached process, so that the stack outlives the terminal that started it; SIGTERM stops the whole stack in order,
 * SIGKILL leaves it running for the next supervisor to adopt.
 */
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

/** Whether the server has its search attributes; they outlast its restarts. */
let prepared = false;
let services: Readonly<Record<string, KeptState>> = {};
try {
  await writeStackState({ state: 'starting', services });
  const kept = await prepare();
  await keepAlive(kept, {
    signal: stopping.signal,
    say,
    onChange: async (states) => {
      services = Object.fromEntries(states);
      const wanted = (await rewardsAreWanted()) ? kept : kept.filter(({ name }) => name !== 'reward');
      const state = wanted.every(({ name }) => states.has(name)) ? 'running' : 'starting';
      await writeStackState({ state, services }).catch((error: Error) =>
        say(`cannot write the stack's state: ${error.message}`),
      ); // a full disk must not end the stack
    },
  });
  say('stopping');
  await writeStackState({ state: 'stopping', services });
  await stopStack(say);
  say('stopped');
} catch (error) {
  const { message } = error as Error;
  say(`failed: ${message}`);
  await writeStackState({ state: 'failed', error: message, services });
  process.exitCode = 1;
}

async function prepare(): Promise<Kept[]> {
  const cli = config.temporal.external ? undefined : await lookForTemporalCli();
  if (!config.temporal.external && cli === undefined)
    throw new Error('There is no Temporal CLI: run `npm run lap` or `npm run dev`, which get one');
  const running = new Set<PortName>();
  for (const name of SERVICE_NAMES)
    if (await readLiving(recordFile(name))) for (const port of SERVICES[name].ports) running.add(port);
  const ports = await choosePorts(running, say, (await rewardsAreWanted()) ? undefined : ['temporal', 'ui', 'desk']);
  const token = { [config.rewardService.tokenEnv]: (await knownRewardToken()) ?? (await newRewardToken()) };
  return [
    ...(cli === undefined ? [] : [{ ...launchOfServer(cli.path, ports), works: serverWorks }]),
    {
      ...launchOf('reward', nodeCommand('workers/reward-service/main.ts'), token),
      mayStart: async () => (await rewardsAreWanted()) && (await hasPorts('reward')),
    },
    { ...launchOf('desk', nodeCommand('workers/annotation-desk/main.ts')), mayStart: () => hasPorts('desk') },
    // A worker that finds no server ends at once.
    { ...launchOf('worker', nodeCommand('workers/dev.ts'), token), mayStart: serverIsReady },
  ];
}

/**
 * Gives a service that is about to start other ports where another program has taken its own since they were chosen: a
 * stranger's reward service would answer our trainings.
 */
async function hasPorts(name: ServiceName): Promise<true> {
  if ((await readLiving(recordFile(name))) !== undefined) return true;
  const its: readonly PortName[] = SERVICES[name].ports;
  const others = Object.keys(PORT_SETTINGS) as PortName[];
  await choosePorts(new Set(others.filter((port) => !its.includes(port))), say, its);
  return true;
}

/** Answers, and has been prepared for laps once. */
async function serverIsReady(): Promise<boolean> {
  if (!(await serverAnswers())) return false;
  if (!prepared) await prepareServer();
  prepared = true;
  return true;
}
