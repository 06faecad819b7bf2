import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { readManifest } from '../../activities/laps/parent.ts';
import { store } from '../../workers/store.ts';
import { connectClient } from '../../workers/stack/temporalServer.ts';
import { parentOf } from '../../shared/lap/lapInput.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { expectedTimes } from './expectedTime.ts';
import { followLap } from './followLap.ts';
import type { FlywheelEnd, FollowResult, LapEnd } from './followLap.ts';
import { Interrupted, Interruption } from '../interruption.ts';
import { startOrContinue, startOrContinueFlywheel } from './lapHandle.ts';
import { flywheelInputFrom, lapInputFrom, withLapChoices } from './lapOptions.ts';
import type { LapChoices } from './lapOptions.ts';
import { workflowLink } from '../links.ts';
import { LiveView } from './liveView.ts';
import { lapPages } from '../reports/namedLap.ts';
import { printLapTable } from '../reports/report.ts';
import { becomeOwner, ensureStack, healStack, setUp, stackLife, stopEverything } from '../../workers/stack/stack.ts';
import { EXIT } from '../usage.ts';
import { uri, runOf, flywheelWorkflowId, lapWorkflowId } from '../../shared/ids.ts';

interface LapOptions extends LapChoices {
  readonly laps?: string;
  readonly detach?: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
}

export function registerLap(program: Command): void {
  withLapChoices(program.command('lap'))
    .summary('run a lap, or go on with the open one')
    .description(
      'Sets up what is missing, starts the local stack, and runs one lap of the flywheel, or goes on with the ' +
        'open lap of the run.\n' +
        'Ctrl-C stops everything and keeps the lap: the same command goes on with it.',
    )
    .option('--laps <number>', 'run so many laps in sequence, each from the one before (workflow `flywheel`)')
    .option('--detach', 'start it and return; `flywheel status` shows it, `flywheel stop` stops it')
    .option('--keep', 'leave the stack running when the lap is done')
    .option('--json', 'print one JSON object at the end; progress goes to stderr either way')
    .action(runLap);
}

async function runLap(options: LapOptions): Promise<void> {
  const input = await lapInputFrom(options, (lap) => readManifest(store, lap));
  const from = parentOf(input);
  const parent = from === undefined ? undefined : await readManifest(store, from);
  const run = input.run ?? runOf(from);
  const laps = options.laps === undefined ? undefined : flywheelInputFrom(options.laps, run, input);
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
    const workflowId = lapWorkflowId(run);
    const until = laps === undefined ? workflowId : flywheelWorkflowId(run);
    const began =
      laps === undefined
        ? await startOrContinue(
            client,
            run,
            input,
            Object.keys(input).some((field) => field !== 'run'),
            parent,
          )
        : await startOrContinueFlywheel(client, run, laps);
    const link = workflowLink(until);
    const what = laps === undefined ? 'lap' : 'flywheel';
    say(
      began === 'started'
        ? `${what === 'lap' ? 'Lap' : 'Flywheel'} started: workflow ${until}`
        : `Going on with the open ${what}: workflow ${until}`,
    );
    if (link !== undefined) say(`Web UI: ${link}`);
    if (options.detach === true) {
      if (options.json === true) process.stdout.write(`${JSON.stringify({ workflowId: until, state: began, link })}\n`);
      else say('It runs in the background: `flywheel status` shows it, `flywheel stop` stops it and keeps the lap.');
      return;
    }
    const follow = {
      client,
      workflowId,
      until,
      view,
      signal: interruption.signal,
      expected: expectedTimes(store),
      heal: () => healStack(say),
    };
    const end =
      laps === undefined ? lapEnd(await followLap(follow)) : flywheelEnd(await followLap<FlywheelEnd>(follow));
    view.clear();
    await showEnd(end, options.json === true, say);
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

type Ended =
  | Exclude<FollowResult<never>, { kind: 'done' }>
  | { readonly kind: 'done'; readonly laps: readonly string[]; readonly stopped?: string };

const lapEnd = (result: FollowResult<LapEnd>): Ended =>
  result.kind === 'done' ? { kind: 'done', laps: [result.end.lap] } : result;
const flywheelEnd = (result: FollowResult<FlywheelEnd>): Ended =>
  result.kind === 'done'
    ? { kind: 'done', laps: result.end.laps.map(({ lap }) => lap), stopped: result.end.stopped }
    : result;

async function showEnd(result: Ended, json: boolean, say: (line: string) => void): Promise<void> {
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
  const ended = await Promise.all(
    result.laps.map(async (lap) => ({
      lap,
      ...(await lapPages(lap)),
      figures: await store.findJson<LapReport>(uri.report(lap)),
    })),
  );
  if (json) {
    const { stopped } = result;
    const done = { state: 'done', ...(stopped === undefined ? ended[0] : { stopped, laps: ended }) };
    process.stdout.write(`${JSON.stringify(done)}\n`);
    return;
  }
  for (const { lap, manifest, report, figures } of ended) {
    say(`Lap ${lap} is done.`);
    if (figures !== undefined) printLapTable(figures);
    process.stdout.write(`\nManifest: ${manifest}\nReport:   ${report}\n\n`);
  }
  if (result.stopped !== undefined) process.stdout.write(`The flywheel has stopped: ${result.stopped}.\n`);
}
