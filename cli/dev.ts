import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { sayOnStderr as say } from '../activities/setup/step.ts';
import { QUEUES } from '../shared/queues.ts';
import { lapWorkflowId } from './lapHandle.ts';
import { startLapLink, workflowsLink } from './links.ts';
import { becomeOwner, ensureStack, setUp, stackIsRunning, stopEverything } from './stack.ts';
import { EXIT } from './usage.ts';

export function registerDev(program: Command): void {
  program
    .command('dev')
    .summary('run the stack without starting a lap')
    .description('Sets up what is missing and runs Temporal server, reward service and worker, so that laps can be started from the Web UI. Ctrl-C stops them.')
    .option('--detach', 'start the stack and return; `flywheel stop` stops it')
    .action(async ({ detach }: { detach?: boolean }) => {
      const interrupted = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(signal, () => {
          if (interrupted.signal.aborted) process.exit(EXIT.interrupted);
          interrupted.abort();
          process.exitCode = signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
        });
      }
      await setUp(say);
      const started = (await ensureStack(say)) === 'started';
      const owner = await becomeOwner(started, detach === true);
      say(started ? 'The stack runs.' : 'The stack runs already.');
      say(`Web UI:      ${workflowsLink() ?? 'unknown (set FLYWHEEL_WEB_UI)'}`);
      say(`Start a lap: ${startLapLink(lapWorkflowId('main'), QUEUES.orchestrator) ?? '`flywheel lap`'} (input: {})`);
      if (detach === true) return;
      while (!interrupted.signal.aborted && (await stackIsRunning())) await sleep(500, undefined, { signal: interrupted.signal }).catch(() => undefined); // aborted: the loop ends
      if (owner && interrupted.signal.aborted) {
        say('Stopping; open laps stay open.');
        await stopEverything(say);
      }
    });
}
