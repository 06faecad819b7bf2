import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Command } from 'commander';
import { readLiving } from '../../activities/processes/records.ts';
import { serverAnswers, withClient } from '../../workers/stack/temporalServer.ts';
import { store } from '../../workers/store.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';
import { config } from '../../temporal.config.ts';
import { recordFile, SERVICE_NAMES } from '../../workers/stack/services.ts';
import { readStackState } from '../../workers/stack/state.ts';
import { expectedTimes } from './expectedTime.ts';
import { flywheelLine, flywheelStatuses } from './flywheelStatus.ts';
import type { FlywheelStatus } from './flywheelStatus.ts';
import type { LapEnd } from './followLap.ts';
import { progressOf } from './lapHandle.ts';
import { questionsLink, workflowLink } from '../links.ts';
import { duration, progressLine, waitingText } from './progressView.ts';
import { stackLife } from '../../workers/stack/stack.ts';
import { EXIT, UsageError } from '../usage.ts';
import { inMain } from '../../shared/ids.ts';

/** Temporal sets it on what a schedule starts. */
const STARTED_BY = defineSearchAttributeKey('TemporalScheduledById', 'KEYWORD');
/** Laps shown when none is named: the newest. */
const MOST_LAPS = 10;

interface LapStatus {
  readonly workflowId: string;
  readonly runId: string;
  /** Its own name, `<run>/lap-NNNN`, once it has one. */
  readonly lap?: string;
  readonly status: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** The schedule that started it. */
  readonly schedule?: string;
  readonly link?: string;
  readonly progress?: LapProgress;
}

export function registerStatus(program: Command): void {
  program
    .command('status')
    .summary('what runs, and how far the laps are')
    .description(
      'Shows the processes of the stack and the newest laps, or one lap: by its name (main/lap-0001, or lap-0001 ' +
        'for short) or its workflow id.',
    )
    .argument('[lap]', 'a lap, such as lap-0001')
    .option('--json', 'print one JSON object')
    .action(async (lap: string | undefined, { json }: { json?: boolean }) => {
      const stack = await stackStatus();
      const reachable = (stack.external || stack.services['temporal']?.running === true) && (await serverAnswers());
      const laps = reachable ? await withClient((client) => lapStatuses(client, lap)) : undefined;
      const flywheels = reachable && lap === undefined ? await withClient(flywheelStatuses) : [];
      if (lap !== undefined && laps?.length === 0)
        throw new UsageError(
          `Expected a lap or workflow that the server knows, got ${JSON.stringify(lap)}. \`flywheel status\` ` +
            'lists them.',
        );
      if (json === true) process.stdout.write(`${JSON.stringify({ stack, flywheels, laps: laps ?? null })}\n`);
      else await show(stack, flywheels, laps);
      if (lap !== undefined && laps === undefined) process.exitCode = EXIT.failed;
    });
}

async function stackStatus() {
  const supervisor = (await stackLife()) === 'running';
  const state = await readStackState();
  const services: Record<string, { running: boolean; pid?: number; seconds?: number; restarts: number }> = {};
  for (const name of SERVICE_NAMES) {
    if (name === 'temporal' && config.temporal.external) continue;
    const record = await readLiving(recordFile(name));
    const restarts = state?.services[name]?.restarts ?? 0;
    services[name] =
      record === undefined
        ? { running: false, restarts }
        : {
            running: true,
            pid: record.pid,
            seconds: Math.round((Date.now() - Date.parse(record.startedAt)) / 1000),
            restarts,
          };
  }
  return { supervisor, address: config.temporal.address, external: config.temporal.external, services };
}

async function lapStatuses(client: Client, named: string | undefined): Promise<LapStatus[]> {
  const found: LapStatus[] = [];
  for await (const info of client.workflow.list({ query: 'WorkflowType = "lap"' })) {
    const open = info.status.name === 'RUNNING';
    const progress = open ? await progressOf(client, info.workflowId) : undefined;
    const lap =
      progress?.lap ??
      (info.status.name === 'COMPLETED' ? await lapOf(client, info.workflowId, info.runId) : undefined);
    const link = workflowLink(info.workflowId, info.runId);
    const schedule = info.typedSearchAttributes.get(STARTED_BY);
    const status: LapStatus = {
      workflowId: info.workflowId,
      runId: info.runId,
      status: info.status.name.toLowerCase(),
      startedAt: info.startTime.toISOString(),
      ...(info.closeTime && { endedAt: info.closeTime.toISOString() }),
      ...(lap !== undefined && { lap }),
      ...(schedule !== undefined && { schedule }),
      ...(link !== undefined && { link }),
      ...(progress && { progress }),
    };
    if (named === undefined || isNamed(status, named)) found.push(status);
    if (found.length === (named === undefined ? MOST_LAPS : 1)) break;
  }
  return found;
}

/** The name that a finished lap gave itself. */
async function lapOf(client: Client, workflowId: string, runId: string): Promise<string> {
  return ((await client.workflow.getHandle(workflowId, runId).result()) as LapEnd).lap;
}

function isNamed({ workflowId, lap }: LapStatus, name: string): boolean {
  return workflowId === name || lap === name || lap === inMain(name);
}

async function show(
  stack: Awaited<ReturnType<typeof stackStatus>>,
  flywheels: readonly FlywheelStatus[],
  laps: readonly LapStatus[] | undefined,
): Promise<void> {
  const lines = [
    stack.supervisor ? 'The stack runs.' : 'The stack does not run (`flywheel lap` or `flywheel dev` starts it).',
  ];
  for (const [name, { running, pid, seconds = 0, restarts }] of Object.entries(stack.services)) {
    if (!stack.supervisor && !running) continue;
    lines.push(
      `  ${name.padEnd(10)} ` +
        (running ? `process ${pid}, up ${duration(seconds)}` : 'not running') +
        (restarts > 0 ? `, restarted ${restarts} times` : ''),
    );
  }
  lines.push(laps === undefined ? `No server answers at ${stack.address}.` : `Server: ${stack.address}`);
  lines.push(...flywheels.map(flywheelLine));
  if (laps?.length === 0) lines.push('No laps yet.');
  const expected = expectedTimes(store);
  for (const { workflowId, lap = workflowId, status, startedAt, endedAt, schedule, link, progress } of laps ?? []) {
    const ran = endedAt === undefined ? '' : ` after ${duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)}`;
    lines.push(
      `${lap}: ${status}${ran}, started ${startedAt}${schedule === undefined ? '' : ` by schedule ${schedule}`}`,
    );
    if (progress !== undefined && endedAt === undefined)
      lines.push(`  ${progressLine(progress, await expected(progress), Date.now())}`);
    if (link !== undefined) lines.push(`  ${link}`);
    if (endedAt === undefined && progress?.waitingForExperts)
      lines.push(
        ...waitingText(progress.waitingForExperts, questionsLink())
          .split('\n')
          .map((text) => `  ${text}`),
      );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
