import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { sayOnStderr as say } from '../../workers/stack/step.ts';
import { QUEUES } from '../../shared/queues.ts';
import { config } from '../../temporal.config.ts';
import { Interrupted, Interruption } from '../interruption.ts';
import { UsageError } from '../usage.ts';
import { deskText, startLapLink, workflowsLink } from '../links.ts';
import { joinStack, leaveStack } from '../../workers/stack/owner.ts';
import { ensureStack, healStack, setUp, stopEverything } from '../../workers/stack/stack.ts';
import { lapWorkflowId, MAIN } from '../../shared/ids.ts';

export function registerDev(program: Command): void {
  program
    .command('dev')
    .summary('run the stack without starting a lap')
    .description(
      'Sets up what is missing and runs Temporal server, reward service, annotation desk and worker, so that laps ' +
        'can be started from the Web UI. Ctrl-C stops them.',
    )
    .option('--products', 'for solve, label and evaluate alone: without Python, and without the reward service')
    .option('--detach', 'start the stack and return; `flywheel stop` stops it')
    .action(async ({ detach, products = false }: { detach?: boolean; products?: boolean }) => {
      if (config.stack === 'deployed')
        throw new UsageError('Expected FLYWHEEL_STACK to be own, got deployed: others run the stack');
      const interruption = new Interruption();
      try {
        await interruption.orEndOf(setUp(say, { python: !products }));
        const started = (await ensureStack(say, { rewards: !products })) === 'started';
        await joinStack(started, detach === true);
        say(started ? 'The stack runs.' : 'The stack runs already.');
        say(`Web UI: ${workflowsLink() ?? 'unknown (set FLYWHEEL_WEB_UI)'}`);
        say(deskText());
        if (!products)
          say(`Start a lap: ${startLapLink(lapWorkflowId(MAIN), QUEUES.orchestrator) ?? '`flywheel lap`'} (input: {})`);
        if (detach) return;
        while (!interruption.happened && (await healStack(say)) === 'running')
          // interrupted: the loop ends
          await sleep(500, undefined, { signal: interruption.signal }).catch(() => undefined);
        const leaving = await leaveStack();
        if (!interruption.happened) say('The stack was stopped by another command.');
        else if (leaving.kind === 'handed over') {
          say(`The stack stays up for process ${leaving.pid}, which needs it, too: \`flywheel stop\` stops both.`);
        } else if (leaving.kind === 'last') {
          say('Stopping; open laps stay open.');
          await stopEverything(say);
        }
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
      } finally {
        interruption.exit();
      }
    });
}
