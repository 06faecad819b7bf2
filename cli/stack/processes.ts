import { Argument, type Command } from 'commander';
import { QUEUES } from '../../shared/queues.ts';
import { config } from '../../temporal.config.ts';
import { serveCodec } from '../../workers/codec/main.ts';
import { runWorkers, type WorkerKind } from '../../workers/host.ts';
import { UsageError } from '../usage.ts';

const KINDS = Object.keys(QUEUES) as WorkerKind[];
const UNTIL = 'Runs until SIGTERM or SIGINT.';

/**
 * The processes of an installation that somebody else keeps alive: systemd, Kubernetes. Each is one command in the
 * foreground that logs to its standard output and ends with 0 once it was asked to.
 */
export function registerProcesses(program: Command): void {
  program
    .command('worker')
    .summary('run a worker as a process of its own')
    .description(
      `Runs workers of these kinds in this process, against the Temporal server that is configured. ${UNTIL}\n` +
        'Then it takes no more work, and what is under way is handed on within 15 s: another worker goes on with it.',
    )
    .addArgument(new Argument('<kinds...>', 'what it works on').choices(KINDS))
    .option('--set-current', 'let new laps start on this checkout as soon as its worker is there')
    .action(async (kinds: WorkerKind[], { setCurrent = false }: { setCurrent?: boolean }) => {
      if (setCurrent && !kinds.includes('orchestrator'))
        throw new UsageError(
          `Expected --set-current beside orchestrator, whose code laps start on, got ${kinds.join(', ')}`,
        );
      await runWorkers([...new Set(kinds)], { becomeCurrent: setCurrent });
      process.exit(0); // clients that activities have opened are of no use any more
    });
  program
    .command('reward-service')
    .summary('run the reward service as a process of its own')
    .description(
      `Answers trainings that ask for rewards, at ${config.rewardService.host}:${config.rewardService.port}, with the ` +
        `token of ${config.rewardService.tokenEnv}. ${UNTIL}\nWhat it has judged is remembered, and the rest asked again.`,
    )
    .action(async () => {
      await import('../../workers/reward-service/main.ts');
    });
  program
    .command('desk')
    .summary('run the annotation desk as a process of its own')
    .description(`Serves the annotation desk at ${config.desk.host}:${config.desk.port}. ${UNTIL}`)
    .action(async () => {
      await import('../../workers/annotation-desk/main.ts');
    });
  program
    .command('codec-server')
    .summary('decrypt payloads for the Web UI')
    .description(
      'Shows what FLYWHEEL_CODEC_KEYS has encrypted to browsers that look at the Web UI, at ' +
        `${config.codecServer.host}:${config.codecServer.port}. ${UNTIL}\nSay its address in the Web UI under "Data encoder".`,
    )
    .option(
      '--origin <url...>',
      "the Web UI's origin, such as https://temporal.example.org (default: that of FLYWHEEL_WEB_UI)",
    )
    .action(async ({ origin }: { origin?: string[] }) => {
      await serveCodec(originsFrom(origin));
    });
}

/** @throws UsageError */
function originsFrom(given: readonly string[] | undefined): readonly string[] {
  const { webUi } = config.temporal;
  const said = given ?? (webUi === undefined ? [] : [webUi]);
  if (said.length === 0)
    throw new UsageError("Expected --origin, the Web UI's address, or FLYWHEEL_WEB_UI, got neither");
  return said.map((each) => {
    const url = URL.canParse(each) ? new URL(each) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol))
      throw new UsageError(
        `Expected --origin to be an address like https://temporal.example.org, got ${JSON.stringify(each)}`,
      );
    return url.origin;
  });
}
