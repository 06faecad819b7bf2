import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { actions } from './actions.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { bundleSize } from './bundleSize.ts';
import { bytesPerVerdict } from './bytesPerVerdict.ts';
import { crashCost } from './crashCost.ts';
import { deskLoad } from './deskLoad.ts';
import { deskPage } from './deskPage.ts';
import { earlyStop } from './earlyStop.ts';
import { fleetScaling } from './fleet/scaling.ts';
import { fleetWeek } from './fleet/week.ts';
import { growth } from './growth.ts';
import { labelContested, labelPrecision } from './labelRule.ts';
import { labellingWall } from './labellingWall.ts';
import { nearEqual } from './nearEqual.ts';
import { poolPrefix } from './poolPrefix.ts';
import { prefixCache } from './prefixCache.ts';
import { rewardLatency } from './rewardLatency.ts';
import { rewardMemory } from './rewardMemory.ts';
import { rewardThroughput } from './rewardThroughput.ts';
import { saturation } from './saturation.ts';
import { searchActions } from './searchActions.ts';
import { searchCrashCost } from './searchCrashCost.ts';
import { searchEarlyStop } from './searchEarlyStop.ts';
import { searchFalseSolved } from './searchFalseSolved.ts';
import { searchMemory } from './searchMemory.ts';
import { searchWall } from './searchWall.ts';
import { serving } from './serving.ts';

/** `npm run bench` lists the benchmarks; `npm run bench -- <name> [--json]` runs one. */
const BENCHES: readonly Bench[] = [
  labellingWall,
  saturation,
  prefixCache,
  poolPrefix,
  crashCost,
  earlyStop({ n: 16, m: 8, k: 2, goal: 0.31 }),
  earlyStop({ n: 64, m: 16, k: 4, goal: 0.17 }),
  earlyStop({ n: 64, m: 16, k: 8, goal: 0.27, rule: 'cumulative' }),
  earlyStop({ n: 16, m: 8, k: 4, goal: 0.48, rule: 'cumulative' }),
  labelPrecision,
  labelContested,
  actions,
  growth,
  fleetScaling,
  fleetWeek,
  bytesPerVerdict,
  bundleSize,
  nearEqual,
  deskPage,
  searchActions,
  searchCrashCost,
  searchEarlyStop,
  searchFalseSolved,
  searchMemory,
  searchWall,
  deskLoad,
  rewardThroughput,
  rewardLatency,
  rewardMemory,
  serving,
];

const OPTIONS = {
  endpoint: new Option(
    '--endpoint <url>',
    'measure against this OpenAI-compatible server instead of the bundled stub',
  ).argParser(serverUrl),
  population: new Option(
    '--population <file>',
    'outcomes to use instead of the synthetic population: JSONL, a proof a line, {"analyses": [{"score": 0 | 0.5 ' +
      '| 1 | null, "metaScores": [0 | 0.5 | 1 | null, …]}, …]}, in the order of asking; null = no verdict',
  ).argParser(readableFile),
};

const program = new Command('bench')
  .description(
    'Benchmarks of the sampling and labelling engine. Without a name they are listed; `npm run bench -- <name> ' +
      '--help` explains one.',
  )
  .argument('[name]', 'benchmark to run')
  .action((unknown?: string) => {
    if (unknown !== undefined)
      program.error(
        `error: expected a benchmark of ${BENCHES.map(({ name }) => name).join(', ')}, got ${JSON.stringify(unknown)}`,
      );
    for (const { name, goal, about, takes } of BENCHES)
      console.log(`${name.padEnd(20)} ${goal.padEnd(8)} ${about}${takes.map((option) => ` [--${option}]`).join('')}`);
  })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
for (const bench of BENCHES) {
  const command = program
    .command(bench.name)
    .description(`${bench.about}. Goal: ${bench.goal}`)
    .option('--json', 'print one JSON object {name, value, goal, detail} as the last line');
  command.copyInheritedSettings(program);
  for (const option of bench.takes) command.addOption(OPTIONS[option]);
  command.action((options: BenchOptions & { json?: boolean }) => runBench(bench, options));
}
try {
  await program.parseAsync();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new InvalidArgumentError(
      `Expected the address of a server, such as http://127.0.0.1:8000/v1, got ${JSON.stringify(text)}`,
    );
  return text;
}

function readableFile(file: string): string {
  if (!existsSync(file)) throw new InvalidArgumentError(`Expected a file of outcomes, but ${file} does not exist`);
  return file;
}

/** Without it, calls would wait for the server for ten minutes. */
async function answers(endpoint: string): Promise<void> {
  try {
    await fetch(endpoint);
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(
      `Expected a server at ${endpoint}, but it does not answer: ${cause instanceof Error ? cause.message : message}`,
      { cause: error },
    );
  }
}

async function runBench(bench: Bench, { json, ...options }: BenchOptions & { json?: boolean }): Promise<void> {
  if (options.endpoint !== undefined) await answers(options.endpoint);
  const { value, detail } = await bench.run(options);
  const result: BenchResult = {
    name: bench.name,
    value: Math.round(value * 10_000) / 10_000,
    goal: bench.goal,
    detail,
  };
  console.log(`${result.name}: ${result.value} (goal ${result.goal}, ${bench.met(value) ? 'met' : 'NOT met'})`);
  for (const [what, figure] of Object.entries(detail))
    console.log(`  ${what}: ${typeof figure === 'string' ? figure : JSON.stringify(figure)}`);
  if (json === true) console.log(JSON.stringify(result));
  // Servers and workers that a benchmark started have been ended by it; idle sockets need not be waited for.
  process.exit(0);
}
