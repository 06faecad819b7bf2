import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { store } from '../../workers/store.ts';
import { connectClient } from '../../workers/client.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { expectedTimes } from '../../workers/laps/expectedTime.ts';
import { dryRunLines } from './dryRun.ts';
import { derivedSummary } from './derivedView.ts';
import { followLap, type FollowResult } from './followLap.ts';
import { Interrupted, Interruption } from '../interruption.ts';
import { startOrContinue, startOrContinueFlywheel } from './lapHandle.ts';
import { mendingLines } from './mendingLines.ts';
import { chosenLap, flywheelInputFrom, withLapChoices, type LapChoices } from './lapOptions.ts';
import { deskText, workflowLink } from '../links.ts';
import { LiveView } from './liveView.ts';
import { lapPages } from '../reports/namedLap.ts';
import { lapTable } from '../../reports/pages/lapTable.ts';
import { joinStack, leaveStack } from '../../workers/stack/owner.ts';
import { ensureStack, healStack, setUp, stackLife, stopEverything } from '../../workers/stack/stack.ts';
import { EXIT } from '../usage.ts';
import { uri, flywheelWorkflowId, lapWorkflowId } from '../../shared/ids.ts';

interface LapOptions extends LapChoices {
  readonly laps?: string;
  readonly detach?: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly dryRun?: boolean;
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
    .option(
      '--dry-run',
      'print the jobs that its trainings would be, as their cluster would be given them; start nothing',
    )
    .action(runLap);
}

async function runLap({ laps: count, detach = false, keep = false, json = false, dryRun, ...choices }: LapOptions) {
  if (dryRun === true) return console.log((await dryRunLines(await chosenLap(choices))).join('\n'));
  const { input, manifest, run, recipe, derived = [], mends } = await chosenLap(choices);
  const laps = count === undefined ? undefined : await flywheelInputFrom(count, run, input);
  const view = new LiveView(process.stderr);
  const say = (line: string): void => view.say(line);

  const interruption = new Interruption();
  let client: Client | undefined;
  try {
    await interruption.orEndOf(setUp(say));
    const started = (await ensureStack(say, { rewards: true })) === 'started';
    await joinStack(started, false);
    interruption.check();
    client = await connectClient();
    const workflowId = lapWorkflowId(run);
    const until = laps === undefined ? workflowId : flywheelWorkflowId(run);
    const state =
      laps === undefined
        ? await startOrContinue(client, run, input, mends?.failed ?? manifest)
        : await startOrContinueFlywheel(client, run, laps);
    if (detach || keep) await joinStack(false, true); // what was refused leaves the stack as it was
    const what = laps === undefined ? 'lap' : 'flywheel';
    say(
      state === 'continued'
        ? `Going on with the open ${what}: workflow ${until}`
        : `${what === 'lap' ? 'Lap' : 'Flywheel'} started: workflow ${until}`,
    );
    if (state === 'started' && derived.length > 0) say(derivedSummary(derived));
    if (mends && state === 'started') for (const line of mendingLines(mends)) say(line);
    if (recipe.domain.experts === 'people') say(deskText());
    const link = workflowLink(until);
    if (link !== undefined) say(`Web UI: ${link}`);
    if (detach) {
      if (json) console.log(JSON.stringify({ workflowId: until, state, link }));
      else say('It runs in the background: `flywheel status` shows it, `flywheel stop` stops it and keeps the lap.');
      return;
    }
    const end = await followLap({
      client,
      workflowId,
      until,
      view,
      signal: interruption.signal,
      expected: expectedTimes(),
      heal: () => healStack(say),
    });
    view.clear();
    await showEnd(end, json, say);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  } finally {
    view.clear();
    await client?.connection.close();
    await leave(interruption.happened, say);
    interruption.exit();
  }
}

/** The last that needs the stack takes it down, others leave it. */
async function leave(interrupted: boolean, say: (line: string) => void): Promise<void> {
  const leaving = await leaveStack();
  if (leaving.kind === 'last' && (await stackLife()) !== 'stopped') {
    say(
      interrupted
        ? 'Stopping: trainers save their state first. The lap stays open, and the same command goes on with it.'
        : 'Stopping the stack. `flywheel dev` starts it again, to look at the lap in the Web UI.',
    );
    await stopEverything(say);
  } else if (leaving.kind === 'handed over') {
    const more = interrupted ? 'The lap goes on with it: `flywheel stop` stops both' : 'It ends with that command';
    say(`The stack stays up for process ${leaving.pid}, which needs it, too. ${more}.`);
  } else if (interrupted && (await stackLife()) === 'running') {
    say('Leaving; the lap goes on. `flywheel stop` stops it.');
  }
}

async function showEnd(result: FollowResult, json: boolean, say: (line: string) => void): Promise<void> {
  if (result.kind === 'interrupted') return;
  if (result.kind === 'stopped') {
    process.exitCode = EXIT.interrupted;
    say('The stack was stopped by another command. The lap stays open, and the same command goes on with it.');
    return;
  }
  if (result.kind === 'failed') {
    process.exitCode = EXIT.failed;
    const { message, lap } = result;
    if (json) console.log(JSON.stringify({ state: 'failed', message, lap }));
    say(`The lap failed: ${message}`);
    if (lap !== undefined)
      say(
        `What it has is kept: \`flywheel lap --mend ${lap} --set path=value\` goes on as a new lap, with a changed ` +
          'recipe, and takes over all that comes out equal.',
      );
    return;
  }
  const ended = await Promise.all(
    result.laps.map(async (lap) => ({
      lap,
      ...(await lapPages(lap)),
      figures: await store.findJson<LapReport>(uri.report(lap)),
    })),
  );
  const { stopped } = result;
  if (json) {
    console.log(JSON.stringify({ state: 'done', ...(stopped === undefined ? ended[0] : { stopped, laps: ended }) }));
    return;
  }
  for (const { lap, manifest, report, figures } of ended) {
    say(`Lap ${lap} is done.`);
    if (figures !== undefined) console.log(lapTable(figures));
    console.log(`\nManifest: ${manifest}\nReport:   ${report}\n`);
  }
  if (stopped !== undefined) console.log(`The flywheel has stopped: ${stopped}.`);
  const last = ended.at(-1);
  if (last !== undefined) say(`Next: \`flywheel lap --from ${last.lap}\` goes on from it.`);
}
