import type { Command } from 'commander';
import { stopEverything } from '../../workers/stack/stack.ts';

export function registerStop(program: Command): void {
  program
    .command('stop')
    .summary('stop everything that runs here; laps stay open')
    .description(
      'Stops annotation desk, workers, training jobs (they save their state), reward service, model servers and ' +
        'the Temporal server, in this order.\n' +
        'Laps stay open: `flywheel lap` goes on with them.',
    )
    .option('--json', 'print what was stopped as one JSON object')
    .action(async ({ json }: { json?: boolean }) => {
      const stopped: string[] = [];
      await stopEverything((line) => {
        stopped.push(line);
        console.error(line);
      });
      if (json) console.log(JSON.stringify({ stopped }));
      else if (stopped.length === 0) console.log('Nothing was running.');
    });
}
