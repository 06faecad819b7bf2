import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline/promises';
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { planSchedules } from './schedules.ts';
import type { ScheduleChange } from './schedules.ts';
import { DEFAULT_FOLDER, readSchedules } from './scheduleFiles.ts';
import { applyChange, foundSchedules, foundWith, scheduleNamed, triggerSchedule } from './scheduleServer.ts';
import { changeAsJson, diffText, listText } from './scheduleView.ts';
import { EXIT, UsageError } from '../usage.ts';
import { withClient } from '../withClient.ts';

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
      process.stdout.write(
        json === true
          ? `${JSON.stringify(listed.map(({ schedule: found, ...rest }) => ({ ...found, ...rest })))}\n`
          : `${listText(listed)}\n`,
      );
    });
  one(
    schedule,
    'pause',
    'Starts nothing until `resume`; what runs goes on.',
    (client, id, { note }) => client.schedule.getHandle(id).pause(note ?? 'Paused by `flywheel schedule pause`'),
    'paused',
  ).option('--note <text>', 'why; shown in the Web UI');
  one(
    schedule,
    'resume',
    'Goes on after a pause, be it by hand or by a failure.',
    (client, id, { note }) => client.schedule.getHandle(id).unpause(note ?? 'Resumed by `flywheel schedule resume`'),
    'resumed',
  ).option('--note <text>', 'shown in the Web UI');
  one(
    schedule,
    'delete',
    'Deletes a schedule; what it started goes on. Its file, if it has one, is yours.',
    (client, id) => client.schedule.getHandle(id).delete(),
    'deleted',
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
    const changes = planned(
      wanted,
      await foundWith(
        client,
        wanted.map(({ id }) => id),
      ),
      prune,
    );
    const todo = changes.filter(({ kind }) => kind !== 'keep');
    const said = [diffText(changes), todo.length === 0 ? 'Nothing to do.' : ''].filter((text) => text !== '');
    if (!json) process.stdout.write(`${said.join('\n')}\n`);
    const agreed = todo.length > 0 && !dryRun && (yes || (!json && (await confirmed(todo.length))));
    if (agreed) for (const change of todo) await applyChange(client, change);
    if (json) process.stdout.write(`${JSON.stringify({ changes: changes.map(changeAsJson), applied: agreed })}\n`);
    else if (agreed) process.stdout.write('Done.\n');
  });
}

function planned(...[wanted, found, prune]: Parameters<typeof planSchedules>): ScheduleChange[] {
  try {
    return planSchedules(wanted, found, prune);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
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
    await triggerSchedule(client, before.schedule);
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
    if (json === true) process.stdout.write(`${JSON.stringify({ id, workflowId: workflowId ?? null, running })}\n`);
    else if (workflowId !== undefined) process.stdout.write(`Started: workflow ${workflowId}\n`);
    else
      process.stdout.write(
        'Nothing started now: overlap is ' +
          before.schedule.overlap +
          `${running.length > 0 ? ` and ${running.join(', ')} runs` : ', and the server has not said more yet'}.\n`,
      );
    if (workflowId === undefined) process.exitCode = EXIT.failed;
  });
}

interface OneOptions {
  readonly note?: string;
}

/** A command on one schedule, whoever made it. */
function one(
  parent: Command,
  name: string,
  description: string,
  work: (client: Client, id: string, options: OneOptions) => Promise<void>,
  done: string,
): Command {
  return parent
    .command(name)
    .description(description)
    .argument('<id>')
    .action(async (id: string, options: OneOptions) => {
      await withClient(async (client) => {
        await scheduleNamed(client, id);
        await work(client, id, options);
      });
      process.stdout.write(`${id}: ${done}\n`);
    });
}
