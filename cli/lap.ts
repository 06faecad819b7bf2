import path from 'node:path';
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { readJsonFile } from '../activities/setup/processes.ts';
import { connectClient } from '../activities/setup/server.ts';
import type { LapReport } from '../shared/report.ts';
import { config } from '../temporal.config.ts';
import { expectedTimes } from './expectedTime.ts';
import { followLap } from './followLap.ts';
import type { FollowResult } from './followLap.ts';
import { lapWorkflowId, startOrContinue } from './lapHandle.ts';
import { lapInputFrom } from './lapOptions.ts';
import type { LapChoices } from './lapOptions.ts';
import { workflowLink } from './links.ts';
import { LiveView } from './liveView.ts';
import { printLapTable } from './report.ts';
import { becomeOwner, ensureStack, setUp, stackIsRunning, stopEverything } from './stack.ts';
import { EXIT } from './usage.ts';

interface LapOptions extends LapChoices {
  readonly detach?: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
}

export function registerLap(program: Command): void {
  program
    .command('lap')
    .summary('run a lap, or go on with the open one')
    .description(
      'Sets up what is missing, starts the local stack, and runs one lap of the flywheel, or goes on with the open lap of the run.\n' +
        'Ctrl-C stops everything and keeps the lap: the same command goes on with it.',
    )
    .option('--preset <name>', 'smoke (about a minute), rehearsal (about ten) or paper (default: rehearsal)')
    .option('--seed <number>', "the recipe's seed")
    .option('--run <name>', 'the run that the lap belongs to (default: main)')
    .option('--expert <who>', 'who answers questions to experts: me (people) or program (default: as the preset says)')
    .option('--set <path=value>', 'any other field of the recipe, such as labelling.proofs=60; repeatable', (value: string, all: string[]) => [...all, value], [])
    .option('--detach', 'start it and return; `flywheel status` shows it, `flywheel stop` stops it')
    .option('--keep', 'leave the stack running when the lap is done')
    .option('--json', 'print one JSON object at the end; progress goes to stderr either way')
    .action(runLap);
}

async function runLap(options: LapOptions): Promise<void> {
  const input = lapInputFrom(options);
  const run = input.run ?? 'main';
  const view = new LiveView(process.stderr);
  const say = (line: string): void => view.say(line);

  const interrupted = new AbortController();
  let signalled: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signalled !== undefined) process.exit(EXIT.interrupted); // a second time: the stack goes on stopping without us
    signalled = signal;
    interrupted.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

  let client: Client | undefined;
  let owner = false;
  try {
    await untilAborted(interrupted.signal, setUp(say));
    const started = (await untilAborted(interrupted.signal, ensureStack(say))) === 'started';
    owner = await becomeOwner(started, options.detach === true || options.keep === true);
    client = await connectClient();
    const chosen = Object.keys(input).some((field) => field !== 'run');
    const began = await startOrContinue(client, run, input, chosen);
    const workflowId = lapWorkflowId(run);
    say(began === 'started' ? `Lap started: workflow ${workflowId}` : `Going on with the open lap: workflow ${workflowId}`);
    const link = workflowLink(workflowId);
    if (link !== undefined) say(`Web UI: ${link}`);
    if (options.detach === true) {
      if (options.json === true) process.stdout.write(`${JSON.stringify({ workflowId, state: began, link })}\n`);
      else say('It runs in the background: `flywheel status` shows it, `flywheel stop` stops it and keeps the lap.');
      return;
    }
    const heal = async (): Promise<void> => {
      if (!(await stackIsRunning())) await ensureStack(say);
    };
    const result = await followLap({ client, workflowId, view, signal: interrupted.signal, expected: expectedTimes(), heal });
    view.clear();
    showEnd(result, options.json === true, say);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  } finally {
    view.clear();
    await client?.connection.close();
    if (signalled !== undefined) process.exitCode = signalled === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    if (owner) {
      say(signalled === undefined ? 'Stopping the stack (`flywheel dev` starts it again, to look at the lap in the Web UI)' : 'Stopping; the lap stays open, and the same command goes on with it. Trainers save their state first.');
      await stopEverything(say);
    } else if (signalled !== undefined) {
      say('Leaving; the lap goes on. `flywheel stop` stops it.');
    }
  }
}

function showEnd(result: FollowResult, json: boolean, say: (line: string) => void): void {
  if (result.kind === 'interrupted') return;
  if (result.kind === 'failed') {
    process.exitCode = EXIT.failed;
    if (json) process.stdout.write(`${JSON.stringify({ state: 'failed', message: result.message })}\n`);
    say(`The lap failed: ${result.message}`);
    return;
  }
  const { lap } = result.end;
  const folder = path.join(config.storeDir, 'laps', lap);
  const places = { manifest: path.join(folder, 'manifest.json'), report: path.join(folder, 'report.html') };
  const figures = readJsonFile<LapReport>(path.join(folder, 'report.json'));
  if (json) {
    process.stdout.write(`${JSON.stringify({ state: 'done', lap, ...places, figures })}\n`);
    return;
  }
  say(`Lap ${lap} is done.`);
  if (figures !== undefined) printLapTable(figures);
  process.stdout.write(`\nManifest: ${places.manifest}\nReport:   ${places.report}\n`);
}

class Interrupted extends Error {}

/** @throws Interrupted at once when the signal comes; what was under way may be finished by the next command. */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  if (signal.aborted) throw new Interrupted();
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Interrupted()), { once: true });
    }),
  ]);
}
