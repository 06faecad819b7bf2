import { Command } from 'commander';
import { actions } from './actions.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { bytesPerVerdict } from './bytesPerVerdict.ts';
import { crashCost } from './crashCost.ts';
import { earlyStop } from './earlyStop.ts';
import { growth } from './growth.ts';
import { labellingWall } from './labellingWall.ts';
import { saturation } from './saturation.ts';

/** `npm run bench` lists the benchmarks; `npm run bench -- <name> [--json]` runs one. */
const BENCHES: readonly Bench[] = [
  labellingWall, saturation, crashCost,
  earlyStop({ n: 16, m: 8, k: 2, goal: 0.31 }), earlyStop({ n: 64, m: 16, k: 4, goal: 0.17 }),
  actions, growth, bytesPerVerdict,
];

const program = new Command('bench')
  .argument('[name]', 'benchmark to run; without one, they are listed')
  .option('--json', 'print one JSON object {name, value, goal, detail} as the last line')
  .option('--endpoint <url>', 'measure against this OpenAI-compatible server instead of the bundled stub')
  .option('--population <file>', 'outcomes to use instead of the synthetic population: JSONL, a proof a line, {"analyses": [{"score": 0 | 0.5 | 1 | null, "metaScores": [0 | 0.5 | 1 | null, …]}, …]}, in the order of asking; null = no verdict')
  .parse();

const [name] = program.args;
const { json, ...options } = program.opts<BenchOptions & { json?: boolean }>();
if (name === undefined) {
  for (const bench of BENCHES) console.log(`${bench.name.padEnd(22)} ${bench.goal.padEnd(8)} ${bench.about}`);
} else {
  const bench = BENCHES.find((one) => one.name === name);
  if (bench === undefined) program.error(`Expected a benchmark of ${BENCHES.map((one) => one.name).join(', ')}, got ${JSON.stringify(name)}`);
  else await runBench(bench);
}

async function runBench(bench: Bench): Promise<void> {
  for (const option of ['endpoint', 'population'] as const) {
    if (options[option] !== undefined && !bench.takes.includes(option)) program.error(`${bench.name} takes no --${option}`);
  }
  const { value, detail } = await bench.run(options);
  const result: BenchResult = { name: bench.name, value: Math.round(value * 10_000) / 10_000, goal: bench.goal, detail };
  console.log(`${result.name}: ${result.value} (goal ${result.goal}, ${bench.met(value) ? 'met' : 'NOT met'})`);
  for (const [what, figure] of Object.entries(detail)) console.log(`  ${what}: ${typeof figure === 'string' ? figure : JSON.stringify(figure)}`);
  if (json === true) console.log(JSON.stringify(result));
  // Servers and workers that a benchmark started have been ended by it; idle sockets need not be waited for.
  process.exit(0);
}
