import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline/promises';
import type { ScheduleHandle } from '@temporalio/client';
import type { Command } from 'commander';
import { DEFAULT_FOLDER, readSchedules } from './scheduleFile.ts';
import { applyChange, foundSchedules, foundWith, scheduleNamed, triggerSchedule } from './scheduleServer.ts';
import { planSchedules } from './schedules.ts';
import { changeAsJson, diffText, listText } from './scheduleView.ts';
import { EXIT, UsageError } from '../usage.ts';
import { withClient } from '../../workers/client.ts';

const EXAMPLE = `
A file says:
  {
    "id": "nightly",
    "workflow": "lap",                        lap or flywheel
    "input": { "preset": "smoke" },           as in the Web UI's Start form
    "spec": {
      "cron": ["0 2 * * MON-FRI"],            and/or "intervals": [{ "everyMinutes": 720, "offsetMinutes": 0 }]
      "timeZone": "Europe/Berlin",            default UTC
      "jitterSeconds": 300                    default 0
    },
    "overlap": "skip",                        skip, bufferOne, bufferAll, cancelOther, terminateOther or allowAll
    "catchupWindowMinutes": 60,               starts that the server missed are made up for if at most this late
    "pauseOnFailure": true,
    "note": "a lap each working night",       optional; so is "paused" (absent: left as it is)
  }`;

export function registerSchedule(program: Command): void {
  const schedule = program
    .command('schedule')
    .summary('laps that start by themselves')
    .description(
      'Temporal Schedules that start laps, as files. The server must run (`flywheel dev`), and for starts to ' +
        'happen it must go on running.',
    );
  schedule
    .command('apply')
    .description(
      `Makes the server's schedules match files: shows what would be created, changed field by field or left ` +
        'alone, asks, and does it. Applied again it finds nothing to do.',
    )
    .argument('[paths...]', `files, or folders of *.json (default: ${DEFAULT_FOLDER}/ here)`)
    .option('--dry-run', 'only show the difference')
    .option('--yes', 'do not ask')
    .option('--prune', 'delete schedules that an earlier apply made and that are in no file now')
    .option('--json', 'print one JSON object; changes only with --yes')
    .addHelpText('after', EXAMPLE)
    .action(apply);
  schedule
    .command('list')
    .description('Lists the schedules that start laps, those made by hand in the Web UI as well.')
    .option('--json', 'print a JSON array')
    .action(async ({ json }: { json?: boolean }) => {
      const listed = await withClient(foundSchedules);
      console.log(json ? JSON.stringify(listed) : listText(listed));
    });
  one(schedule.command('pause'), 'paused', (handle, note = 'Paused by `flywheel schedule pause`') => handle.pause(note))
    .description('Starts nothing until `resume`; what runs goes on.')
    .option('--note <text>', 'why; shown in the Web UI');
  one(schedule.command('resume'), 'resumed', (handle, note = 'Resumed by `flywheel schedule resume`') =>
    handle.unpause(note),
  )
    .description('Goes on after a pause, be it by hand or by a failure.')
    .option('--note <text>', 'shown in the Web UI');
  one(schedule.command('delete'), 'deleted', (handle) => handle.delete()).description(
    'Deletes a schedule; what it started goes on. Its file, if it has one, is yours.',
  );
  schedule
    .command('trigger')
    .description(
      'Starts once, now, as the schedule would: its overlap policy decides what happens where another still runs.',
    )
    .argument('<id>')
    .option('--json', 'print one JSON object')
    .action(trigger);
}

interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly prune?: boolean;
  readonly json?: boolean;
}

async function apply(
  paths: readonly string[],
  { dryRun = false, yes = false, prune = false, json = false }: ApplyOptions,
): Promise<void> {
  const wanted = await readSchedules(paths);
  await withClient(async (client) => {
    const ids = wanted.map(({ id }) => id);
    const changes = planSchedules(wanted, await foundWith(client, ids), prune);
    const todo = changes.filter(({ kind }) => kind !== 'keep');
    const said = [diffText(changes), todo.length === 0 ? 'Nothing to do.' : ''].filter((text) => text !== '');
    if (!json) console.log(said.join('\n'));
    const agreed = todo.length > 0 && !dryRun && (yes || (!json && (await confirmed(todo.length))));
    if (agreed) for (const change of todo) await applyChange(client, change);
    if (json) console.log(JSON.stringify({ changes: changes.map(changeAsJson), applied: agreed }));
    else if (agreed) console.log('Done.');
  });
}

async function confirmed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError(
      'Nobody can be asked here: expected --yes to apply this, or --dry-run to leave it at the difference',
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(
      (await terminal.question(`Apply ${count} ${count === 1 ? 'change' : 'changes'}? [y/N] `)).trim(),
    );
  } finally {
    terminal.close();
  }
}

/** How long a trigger's start may take to show: the server's scheduler is a workflow of its own. */
const TRIGGER_MS = 10_000;

async function trigger(id: string, { json }: { json?: boolean }): Promise<void> {
  await withClient(async (client) => {
    const before = await scheduleNamed(client, id);
    await triggerSchedule(client, before);
    let now = before;
    for (
      const deadline = Date.now() + TRIGGER_MS;
      Date.now() < deadline && now.started === before.started && now.skippedForOverlap === before.skippedForOverlap;
    ) {
      await sleep(200);
      now = await scheduleNamed(client, id);
    }
    const workflowId = now.started > before.started ? now.recent.at(-1)?.workflowId : undefined;
    const running = now.running.filter((one) => one !== workflowId);
    if (json) console.log(JSON.stringify({ id, workflowId: workflowId ?? null, running }));
    else if (workflowId !== undefined) console.log(`Started: workflow ${workflowId}`);
    else
      console.log(
        `Nothing started now: overlap is ${before.overlap}` +
          `${running.length > 0 ? ` and ${running.join(', ')} runs` : ', and the server has not said more yet'}.`,
      );
    if (workflowId === undefined) process.exitCode = EXIT.failed;
  });
}

/** A command on one schedule, whoever made it. */
function one(
  command: Command,
  done: string,
  work: (handle: ScheduleHandle, note: string | undefined) => Promise<void>,
): Command {
  return command.argument('<id>').action(async (id: string, { note }: { note?: string }) => {
    await withClient(async (client) => {
      await scheduleNamed(client, id);
      await work(client.schedule.getHandle(id), note);
    });
    console.log(`${id}: ${done}`);
  });
}
