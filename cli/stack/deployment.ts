import { isGrpcServiceError, type Client } from '@temporalio/client';
import type { Command } from 'commander';
import { SEARCH_ATTRIBUTES } from '../../shared/searchAttributes.ts';
import { config } from '../../temporal.config.ts';
import { buildIdOfToday, keptBuilds } from '../../workers/builds.ts';
import { knownBuilds, pinnedTo, setCurrentBuild } from '../../workers/deployment.ts';
import { withClient } from '../../workers/client.ts';
import { prepareServer } from '../../workers/stack/temporalServer.ts';
import { UsageError } from '../usage.ts';

export function registerDeployment(program: Command): void {
  const deployment = program
    .command('deployment')
    .summary('which workflow code laps start on, and are on')
    .description(
      'A lap stays on the workflow code that it started with (a build, known by its digest). `flywheel lap` and ' +
        '`flywheel dev` deploy this checkout by themselves;\n' +
        'where a team runs the workers, new laps start on a build once it is set current.',
    );
  deployment
    .command('show', { isDefault: true })
    .description('Shows the builds that the server knows, and how many workflows are open on each.')
    .option('--json', 'print one JSON object')
    .action(async ({ json }: { json?: boolean }) => {
      const shown = await withClient(show);
      console.log(json ? JSON.stringify(shown) : textOf(shown));
    });
  deployment
    .command('prepare')
    .description("Makes the search attributes of laps in somebody else's server: once, before its first worker.")
    .action(async () => {
      await prepare();
      console.log(`${config.temporal.namespace} at ${config.temporal.address} is ready for laps.`);
    });
  deployment
    .command('set-current')
    .description(
      'Lets new laps start on a build whose workers run: the last step of a deployment. Laps under way stay ' +
        'where they are.',
    )
    .argument('[build]', "a build's id (default: this checkout's)")
    .action(async (named: string | undefined) => {
      const build = named ?? (await buildIdOfToday());
      const refusal = await withClient((client) => setCurrentBuild(client, build));
      if (refusal !== undefined) {
        throw new UsageError(
          `Expected a build whose workers run, got ${build} (${refusal}). Start them first ` +
            `(\`flywheel worker orchestrator\`); \`flywheel deployment show\` lists the builds.`,
        );
      }
      console.log(`New laps start on build ${build}.`);
    });
}

/** Of gRPC, where a server has none of its own to give. */
const REFUSED: readonly number[] = [7, 12];

/** @throws UsageError naming what an owner of the namespace has to make by hand. */
async function prepare(): Promise<void> {
  try {
    await prepareServer();
  } catch (error) {
    if (!isGrpcServiceError(error) || !REFUSED.includes(error.code)) throw error;
    throw new UsageError(
      `Expected to be allowed to make the search attributes of namespace ${config.temporal.namespace}, got ` +
        `${JSON.stringify(error.details)}: make ${SEARCH_ATTRIBUTES.join(', ')}, each a Keyword, by hand`,
    );
  }
}

async function show(client: Client) {
  const today = await buildIdOfToday();
  const kept = new Set((await keptBuilds()).map(({ buildId }) => buildId));
  const builds = [];
  for (const { buildId, state } of await knownBuilds(client)) {
    const { count } = await client.workflow.count(pinnedTo(buildId));
    builds.push({
      build: buildId,
      state,
      openWorkflows: count,
      keptHere: kept.has(buildId),
      thisCheckout: buildId === today,
    });
  }
  return { thisCheckout: today, builds };
}

function textOf({ thisCheckout, builds }: Awaited<ReturnType<typeof show>>): string {
  return [
    `This checkout is build ${thisCheckout}.`,
    ...(builds.length === 0 ? ['The server knows no build yet: no worker of this version has run.'] : []),
    ...builds.map(
      ({ build, state, openWorkflows, keptHere }) =>
        `${build}  ${state.padEnd(8)} ${openWorkflows} ` +
        `open${openWorkflows > 0 && !keptHere ? ', no bundle of it is kept' : ''}`,
    ),
  ].join('\n');
}
