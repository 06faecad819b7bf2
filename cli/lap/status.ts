import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Command } from 'commander';
import { readLiving } from '../../activities/processes/records.ts';
import { poolLine, poolStatuses, type PoolStatus } from '../../activities/serving/pool/status.ts';
import { withClient } from '../../workers/client.ts';
import { store } from '../../workers/store.ts';
import { serverAnswers } from '../../workers/stack/temporalServer.ts';
import { config } from '../../temporal.config.ts';
import { recordFile, SERVICE_NAMES } from '../../workers/stack/services.ts';
import { readStackState } from '../../workers/stack/state.ts';
import { targets } from '../../workers/watch/targets.ts';
import { courseLines } from './courseLines.ts';
import { expectedTimes } from '../../workers/laps/expectedTime.ts';
import { productLines, productStatuses, type ProductStatus } from '../products/productStatus.ts';
import { flywheelLine, flywheelStatuses, type FlywheelStatus } from './flywheelStatus.ts';
import { endOf } from './followLap.ts';
import { progressOf } from '../../workers/laps/progressOf.ts';
import { questionsLink, workflowLink } from '../links.ts';
import { goldFigures } from '../../reports/figures/goldFigures.ts';
import { duration } from '../../reports/pages/format.ts';
import { goldLines } from '../../reports/pages/lateSection.ts';
import { progressLine, waitingText } from './progressView.ts';
import { stackLife } from '../../workers/stack/stack.ts';
import { EXIT, UsageError } from '../usage.ts';
import { inMain } from '../../shared/ids.ts';
import type { SearchAttributeName } from '../../shared/searchAttributes.ts';

/** Temporal sets it on what a schedule starts. */
const STARTED_BY = defineSearchAttributeKey('TemporalScheduledById', 'KEYWORD');
/** A lap sets it once it has a name. */
const LAP = defineSearchAttributeKey('FlywheelLap' satisfies SearchAttributeName, 'KEYWORD');
/** Laps shown when none is named: the newest. */
const MOST_LAPS = 10;

const OPEN_QUESTIONS = 'WorkflowType = "expertReview" AND ExecutionStatus = "Running"';

type LapStatus = Awaited<ReturnType<typeof lapStatuses>>[number];

export function registerStatus(program: Command): void {
  program
    .command('status')
    .summary('what runs, and how far laps and products are')
    .description(
      'Shows the processes of the stack, products under way and the newest laps, or one lap: by its name (main/lap-0001, or lap-0001 ' +
        'for short) or its workflow id.',
    )
    .argument('[lap]', 'a lap, such as lap-0001')
    .option('--json', 'print one JSON object')
    .action(async (lap: string | undefined, { json }: { json?: boolean }) => {
      const stack = await stackStatus();
      const reachable = (stack.external || stack.services['temporal']?.running === true) && (await serverAnswers());
      const { laps, flywheels, products, questions } = reachable
        ? await withClient(async (client) => ({
            laps: await lapStatuses(client, lap),
            flywheels: lap === undefined ? await flywheelStatuses(client) : [],
            products: lap === undefined ? await productStatuses(client) : [],
            questions: lap === undefined ? (await client.workflow.count(OPEN_QUESTIONS)).count : 0,
          }))
        : { laps: undefined, flywheels: [], products: [], questions: 0 };
      const pools = lap === undefined ? await poolStatuses(store) : [];
      if (lap !== undefined && laps?.length === 0)
        throw new UsageError(
          `Expected a lap or workflow that the server knows, got ${JSON.stringify(lap)}. \`flywheel status\` ` +
            'lists them.',
        );
      console.log(
        json
          ? JSON.stringify({ stack, pools, flywheels, products, laps: laps ?? null, questions })
          : await textOf(stack, pools, flywheels, products, laps),
      );
      if (!json && questions > 0)
        console.log(
          `Open questions to people, those of laps that have gone on among them: ${questions} (at ` +
            `${config.desk.publicUrl}, or \`flywheel review list\`). What is said of these joins the next lap`,
        );
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
    services[name] = {
      running: record !== undefined,
      ...(record && { pid: record.pid, seconds: Math.round((Date.now() - Date.parse(record.startedAt)) / 1000) }),
      restarts: state?.services[name]?.restarts ?? 0,
    };
  }
  const metrics = (await targets()).flatMap(({ lives, ...target }) => (lives ? target : []));
  return { supervisor, address: config.temporal.address, external: config.temporal.external, services, metrics };
}

/** The newest laps, or the named one. */
export async function lapStatuses(client: Client, named: string | undefined) {
  const found = [];
  for await (const info of client.workflow.list({ query: 'WorkflowType = "lap"' })) {
    const { workflowId, runId } = info;
    let trouble: string | undefined;
    const progress =
      info.status.name === 'RUNNING'
        ? await progressOf(client, workflowId).catch(({ message }: Error) => void (trouble = message))
        : undefined;
    const searched = info.typedSearchAttributes.get(LAP);
    const end = info.status.name === 'RUNNING' ? undefined : await endOf(client, workflowId, searched, runId);
    // Its own name, once it has one.
    const lap = progress?.lap ?? (end?.kind === 'done' ? end.laps[0] : end?.lap);
    if (named !== undefined && workflowId !== named && lap !== named && lap !== inMain(named)) continue;
    found.push({
      workflowId,
      runId,
      status: info.status.name.toLowerCase(),
      startedAt: info.startTime.toISOString(),
      endedAt: info.closeTime?.toISOString(),
      lap,
      schedule: info.typedSearchAttributes.get(STARTED_BY),
      link: workflowLink(workflowId, runId),
      progress: progress ?? undefined,
      // Of an ended one its report says it.
      gold: lap !== undefined && end === undefined ? await goldFigures(store, lap) : [],
      trouble,
      failure: end?.kind === 'failed' ? end.message : undefined,
    });
    if (found.length === (named === undefined ? MOST_LAPS : 1)) break;
  }
  return found;
}

/** Laps alone have it run. */
const notRunning = (name: string): string =>
  name === 'reward' ? 'not running: the next lap starts it' : 'not running';

async function textOf(
  stack: Awaited<ReturnType<typeof stackStatus>>,
  pools: readonly PoolStatus[],
  flywheels: readonly FlywheelStatus[],
  products: readonly ProductStatus[],
  laps: readonly LapStatus[] | undefined,
): Promise<string> {
  const lines = [
    stack.supervisor ? 'The stack runs.' : 'The stack does not run (`flywheel lap`, `solve` or `dev` starts it).',
  ];
  for (const [name, { running, pid, seconds = 0, restarts }] of Object.entries(stack.services)) {
    if (!stack.supervisor && !running) continue;
    lines.push(
      `  ${name.padEnd(10)} ` +
        (running ? `process ${pid}, up ${duration(seconds)}` : notRunning(name)) +
        (restarts > 0 ? `, restarted ${restarts} times` : ''),
    );
  }
  lines.push(...pools.map((pool) => `  ${poolLine(pool)}`));
  lines.push(laps === undefined ? `No server answers at ${stack.address}.` : `Server: ${stack.address}`);
  lines.push(...products.flatMap(productLines), ...flywheels.map(flywheelLine));
  if (laps?.length === 0 && products.length === 0) lines.push('No laps yet.');
  const expected = expectedTimes();
  for (const lapStatus of laps ?? []) {
    const {
      workflowId,
      lap = workflowId,
      status,
      startedAt,
      endedAt,
      schedule,
      link,
      progress,
      gold,
      trouble,
      failure,
    } = lapStatus;
    const ran = endedAt === undefined ? '' : ` after ${duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)}`;
    lines.push(
      `${lap}: ${status}${ran}, started ${startedAt}${schedule === undefined ? '' : ` by schedule ${schedule}`}`,
    );
    if (progress !== undefined && endedAt === undefined)
      lines.push(`  ${progressLine(progress, await expected(progress), Date.now())}`);
    if (progress !== undefined && endedAt === undefined)
      lines.push(...(await courseLines(store, progress)).map((line) => `  ${line}`));
    if (endedAt === undefined) lines.push(...(progress?.warnings ?? []).map((warning) => `  ! ${warning}`));
    if (trouble !== undefined) lines.push(`  It does not say how far it is: ${trouble}`);
    if (failure !== undefined) lines.push(`  ${failure}`);
    if (link !== undefined) lines.push(`  ${link}`);
    if (endedAt === undefined && progress?.waitingForExperts)
      lines.push(
        ...waitingText(progress.waitingForExperts, config.desk.publicUrl, questionsLink())
          .split('\n')
          .map((line) => `  ${line}`),
      );
    lines.push(...goldLines(gold).map((line) => `  ${line}`));
  }
  return lines.join('\n');
}
