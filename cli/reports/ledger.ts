import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { Command } from 'commander';
import { readShard, setsOf, shardFiles, type ShardFile } from '../../activities/sets/inspect.ts';
import { openStore } from '../../workers/store.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { OUTCOME_KINDS, type Outcome, type OutcomeKind } from '../../shared/outcomes.ts';
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
      'Shows what the model calls of a set came to. Sealed ledgers are gzipped JSON lines: zcat reads them too.',
    );
  ledger
    .command('stats', { isDefault: true })
    .description(
      'Counts of a set by task and class, tokens, latencies and bytes; without a set, the names of all sets.',
    )
    .argument('[set]', 'such as main/lap-0001/label/verdicts')
    .option('--json', 'print one JSON object')
    .action(async (set: string | undefined, { json }: { json?: boolean }) => {
      const store = openStore();
      const answer = set === undefined ? { sets: await setsOf(store) } : await statsOf(store, set);
      process.stdout.write(json === true ? `${JSON.stringify(answer)}\n` : `${textOf(answer)}\n`);
    });
  filtered(
    ledger.command('show').description('Prints outcomes for a reader, texts included.').argument('<set>'),
  ).action(async (set: string, filter: Filter) => {
    for await (const outcome of outcomesOf(openStore(), set, { limit: '20', ...filter })) {
      const { row, sample, task, kind, score, reason, latencyMs, requests, text } = outcome;
      const head = [
        `${row} [${sample}]`,
        task,
        kind,
        ...(score === undefined ? [] : [`score ${score}`]),
        ...(reason === undefined ? [] : [reason]),
        `${latencyMs} ms`,
        ...(requests > 1 ? [`${requests} requests`] : []),
      ];
      process.stdout.write(`── ${head.join(' · ')}\n${text ?? ''}\n`);
    }
  });
  filtered(
    ledger
      .command('export')
      .description('Writes outcomes as JSON lines, texts in place.')
      .argument('<set>')
      .option('--out <file>', 'write here instead of to standard output'),
  ).action(async (set: string, filter: Filter & { out?: string }) => {
    const out = filter.out === undefined ? process.stdout : createWriteStream(filter.out);
    for await (const outcome of outcomesOf(openStore(), set, filter))
      if (!out.write(`${JSON.stringify(outcome)}\n`)) await once(out, 'drain');
    if (filter.out !== undefined) {
      out.end();
      await once(out, 'finish');
    }
  });
}

function filtered(command: Command): Command {
  return command
    .option('--row <id>', 'only this row')
    .option('--kind <kind>', `only this class: ${OUTCOME_KINDS.join(', ')}`)
    .option('--task <task>', 'only this task')
    .option('--limit <count>', 'at most so many');
}

async function* outcomesOf(
  store: ArtifactStore,
  set: string,
  { row, kind, task, limit }: Filter,
): AsyncGenerator<Outcome> {
  if (kind !== undefined && !OUTCOME_KINDS.includes(kind as OutcomeKind))
    throw new UsageError(`Expected --kind to be one of ${OUTCOME_KINDS.join(', ')}, got ${JSON.stringify(kind)}`);
  const most = limit === undefined ? Infinity : Number(limit);
  if (!(most >= 0)) throw new UsageError(`Expected --limit to be a number, got ${JSON.stringify(limit)}`);
  let given = 0;
  for (const shard of await shardFiles(store, set)) {
    for await (const outcome of readShard(store, shard)) {
      if (
        (row !== undefined && outcome.row !== row) ||
        (kind !== undefined && outcome.kind !== kind) ||
        (task !== undefined && outcome.task !== task)
      )
        continue;
      if (given >= most) return;
      given += 1;
      yield outcome;
    }
  }
}

async function statsOf(store: ArtifactStore, set: string) {
  const shards = await shardFiles(store, set);
  const tasks: Record<string, Record<OutcomeKind, number>> = {};
  const latencies: number[] = [];
  let [outcomes, requests, promptTokens, completionTokens, textBytes, unused] = [0, 0, 0, 0, 0, 0];
  for (const shard of shards) {
    for await (const outcome of readShard(store, shard)) {
      outcomes += 1;
      requests += outcome.requests;
      promptTokens += outcome.usage?.promptTokens ?? 0;
      completionTokens += outcome.usage?.completionTokens ?? 0;
      textBytes += Buffer.byteLength(outcome.text ?? '');
      if (outcome.unused === true) unused += 1;
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
    requests,
    usage: { promptTokens, completionTokens },
    latencyMs: { median: at(0.5), p99: at(0.99), max: latencies.at(-1) ?? 0 },
    bytes: { onDisk: shards.reduce((sum, { bytes }) => sum + bytes, 0), texts: textBytes },
  };
}

function textOf(answer: { readonly sets: string[] } | Awaited<ReturnType<typeof statsOf>>): string {
  if ('sets' in answer) return answer.sets.length === 0 ? 'No sets yet.' : answer.sets.join('\n');
  const { set, shards, outcomes, unused, tasks, requests, usage, latencyMs, bytes } = answer;
  return [
    `${set}: ${outcomes} outcomes${unused > 0 ? ` (${unused} unused)` : ''} of ${requests} requests; shards: ` +
      `${shards.sealed} sealed, ${shards.open} open, ${shards.notStarted} not started`,
    ...Object.entries(tasks).map(
      ([task, counts]) => `  ${task.padEnd(12)} ${OUTCOME_KINDS.map((kind) => `${counts[kind]} ${kind}`).join(', ')}`,
    ),
    `  tokens       ${usage.promptTokens} in, ${usage.completionTokens} out`,
    `  latency      ${latencyMs.median} ms median, ${latencyMs.p99} ms p99, ${latencyMs.max} ms at most`,
    `  bytes        ${bytes.onDisk} on disk, ${bytes.texts} of text`,
  ].join('\n');
}
