import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { readShard, setsOf, shardFiles, type ShardFile } from '../../activities/sets/inspect.ts';
import { countedIn, lossesText, NO_VERDICTS_BY_TASK } from '../../shared/figures/losses.ts';
import { addUsage, NO_USAGE, OUTCOME_KINDS, type Outcome, type OutcomeKind } from '../../shared/outcomes.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';

interface Filter {
  readonly row?: string;
  readonly kind?: string;
  readonly task?: string;
  readonly limit?: string;
}

/** `flywheel ledger stats | show | export`: what model calls came to. Reads only; a set under way may be read too. */
export function registerLedger(program: Command): void {
  const ledger = program
    .command('ledger')
    .summary('outcomes of model calls')
    .description(
      'Shows what the model calls of a set came to, or those of the judges of a training (by its job, such as ' +
        'main/lap-0001/generator). Sealed ledgers are gzipped JSON lines: zcat reads them too.',
    );
  ledger
    .command('stats', { isDefault: true })
    .description(
      'Counts of a set by task and class, tokens, latencies and bytes; without a set, the names of all sets.',
    )
    .argument('[set]', 'such as main/lap-0001/label/verdicts')
    .option('--json', 'print one JSON object')
    .action(async (set: string | undefined, { json }: { json?: boolean }) => {
      const answer = set === undefined ? { sets: await setsOf(store) } : await statsOf(set);
      console.log(json ? JSON.stringify(answer) : textOf(answer));
    });
  filtered(
    ledger.command('show').description('Prints outcomes for a reader, texts included.').argument('<set>'),
  ).action(async (set: string, filter: Filter) => {
    for await (const outcome of outcomesOf(set, { limit: '20', ...filter })) {
      const { row, sample, task, kind, score, reason, latencyMs, requests, text = '' } = outcome;
      const head = [
        `${row} [${sample}]`,
        task,
        kind,
        score !== undefined && `score ${score}`,
        reason,
        `${latencyMs} ms`,
        requests > 1 && `${requests} requests`,
      ];
      console.log(`── ${head.filter((part) => part).join(' · ')}\n${text}`);
    }
  });
  filtered(
    ledger
      .command('export')
      .description('Writes outcomes as JSON lines, texts in place.')
      .argument('<set>')
      .option('--out <file>', 'write here instead of to standard output'),
  ).action(async (set: string, { out, ...filter }: Filter & { out?: string }) => {
    const lines = async function* () {
      for await (const outcome of outcomesOf(set, filter)) yield `${JSON.stringify(outcome)}\n`;
    };
    await (out === undefined
      ? pipeline(lines, process.stdout, { end: false })
      : pipeline(lines, createWriteStream(out)));
  });
}

function filtered(command: Command): Command {
  return command
    .option('--row <id>', 'only this row')
    .option('--kind <kind>', `only this class: ${OUTCOME_KINDS.join(', ')}`)
    .option('--task <task>', 'only this task')
    .option('--limit <count>', 'at most so many');
}

async function* outcomesOf(set: string, { row, kind, task, limit }: Filter): AsyncGenerator<Outcome> {
  if (kind !== undefined && !OUTCOME_KINDS.includes(kind as OutcomeKind))
    throw new UsageError(`Expected --kind to be one of ${OUTCOME_KINDS.join(', ')}, got ${JSON.stringify(kind)}`);
  const most = Number(limit ?? Infinity);
  if (!(most >= 0)) throw new UsageError(`Expected --limit to be a number, got ${JSON.stringify(limit)}`);
  let given = 0;
  for (const shard of await shardFiles(store, set))
    for await (const outcome of readShard(store, shard)) {
      if (row !== undefined && outcome.row !== row) continue;
      if (kind !== undefined && outcome.kind !== kind) continue;
      if (task !== undefined && outcome.task !== task) continue;
      if (given >= most) return;
      given += 1;
      yield outcome;
    }
}

async function statsOf(set: string) {
  const shards = await shardFiles(store, set);
  const tasks: Record<string, Record<OutcomeKind, number>> = {};
  const latencies: number[] = [];
  let verdicts = NO_VERDICTS_BY_TASK;
  let [outcomes, requests, textBytes, unused] = [0, 0, 0, 0];
  let usage = NO_USAGE;
  for (const shard of shards) {
    for await (const outcome of readShard(store, shard)) {
      outcomes += 1;
      requests += outcome.requests;
      usage = addUsage(usage, outcome.usage);
      textBytes += Buffer.byteLength(outcome.text ?? '') + Buffer.byteLength(outcome.thinking ?? '');
      if (outcome.unused) unused += 1;
      else verdicts = countedIn(verdicts, outcome);
      latencies.push(outcome.latencyMs);
      const counts = (tasks[outcome.task] ??= { answered: 0, unparseable: 0, truncated: 0, failed: 0 });
      counts[outcome.kind] += 1;
    }
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0;
  const inState = (state: ShardFile['state']): number => shards.filter((shard) => shard.state === state).length;
  return {
    set,
    shards: { sealed: inState('sealed'), open: inState('open'), notStarted: inState('notStarted') },
    outcomes,
    unused,
    tasks,
    verdicts,
    requests,
    usage,
    latencyMs: { median: at(0.5), p99: at(0.99), max: latencies.at(-1) ?? 0 },
    bytes: { onDisk: shards.reduce((sum, { bytes }) => sum + bytes, 0), texts: textBytes },
  };
}

function textOf(answer: { readonly sets: string[] } | Awaited<ReturnType<typeof statsOf>>): string {
  if ('sets' in answer) return answer.sets.length === 0 ? 'No sets yet.' : answer.sets.join('\n');
  const { set, shards, outcomes, unused, tasks, verdicts, requests, usage, latencyMs, bytes } = answer;
  return [
    `${set}: ${outcomes} outcomes${unused > 0 ? ` (${unused} unused)` : ''} of ${requests} requests; shards: ` +
      `${shards.sealed} sealed, ${shards.open} open, ${shards.notStarted} not started`,
    ...Object.entries(tasks).map(
      ([task, counts]) => `  ${task.padEnd(12)} ${OUTCOME_KINDS.map((kind) => `${counts[kind]} ${kind}`).join(', ')}`,
    ),
    ...(lossesText(verdicts) === '' ? [] : [`  lost         ${lossesText(verdicts)}, at the first attempt`]),
    `  tokens       ${usage.promptTokens} in, ${usage.completionTokens} out` +
      (usage.thinkingTokens === undefined ? '' : `, ${usage.thinkingTokens} of them thinking`),
    `  latency      ${latencyMs.median} ms median, ${latencyMs.p99} ms p99, ${latencyMs.max} ms at most`,
    `  bytes        ${bytes.onDisk} on disk, ${bytes.texts} of text`,
  ].join('\n');
}
