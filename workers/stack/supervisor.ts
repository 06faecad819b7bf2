import { randomBytes } from 'node:crypto';
import { readLiving } from '../../activities/processes/records.ts';
import { choosePorts } from './ports.ts';
import { prepareServer, serverAnswers, serverWorks } from './temporalServer.ts';
import { lookForTemporalCli } from './temporalCli.ts';
import { config, environmentWith } from '../../temporal.config.ts';
import type { PortName } from '../../temporal.config.ts';
import { keepAlive } from './keepAlive.ts';
import type { Kept } from './keepAlive.ts';
import { devStack, logFile, recordFile } from './services.ts';
import { stateFiles, writeStackState } from './state.ts';
import { stopStack } from './stop.ts';

/**
 * Keeps the dev stack running: Temporal server, reward service, worker. It is a detached process, so that the stack
 * outlives the terminal that started it; SIGTERM stops the whole stack in order, SIGKILL leaves it running for the next
 * supervisor to adopt.
 */
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

/** Whether the server has its search attributes; they outlast its restarts. */
let prepared = false;
let services: Readonly<Record<string, { restarts: number; failures: number }>> = {};
try {
  await writeStackState({ state: 'starting', services });
  const kept = await prepare();
  await keepAlive(kept, {
    signal: stopping.signal,
    say,
    onChange: async (states) => {
      services = Object.fromEntries(states);
      const state = kept.every(({ name }) => states.has(name)) ? 'running' : 'starting';
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
  const message = error instanceof Error ? error.message : String(error);
  say(`failed: ${message}`);
  await writeStackState({ state: 'failed', error: message, services });
  process.exitCode = 1;
}

async function prepare(): Promise<Kept[]> {
  const cli = config.temporal.external ? undefined : await lookForTemporalCli();
  if (!config.temporal.external && cli === undefined)
    throw new Error('There is no Temporal CLI: run `npm run lap` or `npm run dev`, which get one');
  const running = new Set<PortName>();
  for (const service of devStack(cli?.path, { temporal: 0, ui: 0, reward: 0 }, {})) {
    if (await readLiving(recordFile(service.name))) for (const port of service.ports) running.add(port);
  }
  const ports = await choosePorts(running, say);
  const env = { [config.rewardService.tokenEnv]: await rewardToken() };
  return devStack(cli?.path, ports, env).map((service) => ({
    ...service,
    cwd: config.root,
    env: environmentWith(service.env),
    record: recordFile(service.name),
    log: logFile(service.name),
    ...(service.needsServer && { mayStart: serverIsReady }),
    ...(service.name === 'temporal' && { works: serverWorks }),
  }));
}

/** Answers, and has been prepared for laps once. */
async function serverIsReady(): Promise<boolean> {
  if (!(await serverAnswers())) return false;
  if (!prepared) await prepareServer();
  prepared = true;
  return true;
}

/** Made once for a state folder: a running training job keeps its token over restarts of the stack. */
async function rewardToken(): Promise<string> {
  const file = 'run/reward-token.json';
  const known = config.rewardService.token ?? (await stateFiles.findJson<{ token: string }>(file))?.token;
  if (known !== undefined) return known;
  const token = randomBytes(32).toString('base64url');
  await stateFiles.writeJson(file, { token });
  return token;
}
