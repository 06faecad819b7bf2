import path from 'node:path';
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { readManifest } from '../activities/lap/parent.ts';
import { ArtifactStore } from '../activities/store.ts';
import { readJsonFile } from '../activities/setup/processes.ts';
import { connectClient } from '../activities/setup/server.ts';
import { parentOf } from '../shared/lapInput.ts';
import { runOf } from '../shared/lapNames.ts';
import type { LapReport } from '../shared/report.ts';
import { config } from '../temporal.config.ts';
import { expectedTimes } from './expectedTime.ts';
import { followLap } from './followLap.ts';
import type { FollowResult } from './followLap.ts';
import { Interrupted, Interruption } from './interruption.ts';
import { lapWorkflowId, startOrContinue } from './lapHandle.ts';
import { lapInputFrom, withLapChoices } from './lapOptions.ts';
import type { LapChoices } from './lapOptions.ts';
import { workflowLink } from './links.ts';
import { LiveView } from './liveView.ts';
import { printLapTable } from './report.ts';
import { becomeOwner, ensureStack, healStack, setUp, stackLife, stopEverything } from './stack.ts';
import { EXIT } from './usage.ts';

interface LapOptions extends LapChoices {
  readonly detach?: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
}

export function registerLap(program: Command): void {
  withLapChoices(program.command('lap'))
    .summary('run a lap, or go on with the open one')
    .description(
      'Sets up what is missing, starts the local stack, and runs one lap of the flywheel, or goes on with the open lap of the run.\n' +
        'Ctrl-C stops everything and keeps the lap: the same command goes on with it.',
    )
    .option('--detach', 'start it and return; `flywheel status` shows it, `flywheel stop` stops it')
    .option('--keep', 'leave the stack running when the lap is done')
    .option('--json', 'print one JSON object at the end; progress goes to stderr either way')
    .action(runLap);
}

async function runLap(options: LapOptions): Promise<void> {
  const store = new ArtifactStore(config.storeDir);
  const input = await lapInputFrom(options, (lap) => readManifest(store, lap));
  const from = parentOf(input);
  const parent = from === undefined ? undefined : await readManifest(store, from);
  const run = input.run ?? (from === undefined ? 'main' : runOf(from));
  const view = new LiveView(process.stderr);
  const say = (line: string): void => view.say(line);

  const interruption = new Interruption();
  let client: Client | undefined;
  let owner = false;
  try {
    await interruption.orEndOf(setUp(say));
    const started = (await ensureStack(say)) === 'started';
    owner = await becomeOwner(started, options.detach === true || options.keep === true);
    interruption.check();
    client = await connectClient();
    const began = await startOrContinue(client, run, input, Object.keys(input).some((field) => field !== 'run'), parent);
    const workflowId = lapWorkflowId(run);
    const link = workflowLink(workflowId);
    say(began === 'started' ? `Lap started: workflow ${workflowId}` : `Going on with the open lap: workflow ${workflowId}`);
    if (link !== undefined) say(`Web UI: ${link}`);
    if (options.detach === true) {
      if (options.json === true) process.stdout.write(`${JSON.stringify({ workflowId, state: began, link })}\n`);
      else say('It runs in the background: `flywheel status` shows it, `flywheel stop` stops it and keeps the lap.');
      return;
    }
    const result = await followLap({ client, workflowId, view, signal: interruption.signal, expected: expectedTimes(), heal: () => healStack(say) });
    view.clear();
    showEnd(result, options.json === true, say);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  } finally {
    view.clear();
    await client?.connection.close();
    await leave(owner, interruption.happened, say);
    interruption.exit();
  }
}

/** The owner takes the stack down, others leave it. */
async function leave(owner: boolean, interrupted: boolean, say: (line: string) => void): Promise<void> {
  if (owner && (await stackLife()) !== 'stopped') {
    say(
      interrupted
        ? 'Stopping: trainers save their state first. The lap stays open, and the same command goes on with it.'
        : 'Stopping the stack. `flywheel dev` starts it again, to look at the lap in the Web UI.',
    );
    await stopEverything(say);
  } else if (interrupted && (await stackLife()) === 'running') {
    say('Leaving; the lap goes on. `flywheel stop` stops it.');
  }
}

function showEnd(result: FollowResult, json: boolean, say: (line: string) => void): void {
  if (result.kind === 'interrupted') return;
  if (result.kind === 'stopped') {
    process.exitCode = EXIT.interrupted;
    say('The stack was stopped by another command. The lap stays open, and the same command goes on with it.');
    return;
  }
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
