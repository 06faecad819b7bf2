import { Command, CommanderError } from 'commander';
import { registerDeployment } from './stack/deployment.ts';
import { registerCompare } from './reports/compare.ts';
import { registerDev } from './stack/dev.ts';
import { registerExport } from './reports/export.ts';
import { registerDoctor } from './stack/doctor.ts';
import { registerProcesses } from './stack/processes.ts';
import { registerInit } from './team/init.ts';
import { registerLabels } from './labels/labels.ts';
import { registerRewards } from './labels/decisions.ts';
import { registerJob } from './lap/job.ts';
import { registerLap } from './lap/lap.ts';
import { registerLaps } from './reports/laps.ts';
import { registerLedger } from './reports/ledger.ts';
import { registerPlan } from './lap/plan.ts';
import { registerImport } from './team/import.ts';
import { registerBase } from './team/base.ts';
import { registerProblems } from './team/problems.ts';
import { registerPrompts } from './lap/prompts.ts';
import { registerLineage } from './reports/lineage.ts';
import { registerRelabel } from './lap/relabel.ts';
import { registerReport } from './reports/report.ts';
import { registerAnnotators } from './review/annotators.ts';
import { registerReview } from './review/review.ts';
import { registerVerdicts } from './review/verdicts.ts';
import { registerSchedule } from './schedule/schedule.ts';
import { registerEvaluate } from './products/evaluate.ts';
import { registerLabel } from './products/label.ts';
import { registerSolve } from './products/solve.ts';
import { registerStatus } from './lap/status.ts';
import { registerStore } from './store/store.ts';
import { registerStop } from './stack/stop.ts';
import { EXIT, UsageError } from './usage.ts';
import { formatOf } from '../activities/store/format.ts';
import { store } from '../workers/store.ts';

const program = new Command('flywheel')
  .description(
    'The training flywheel of self-verifying provers, on Temporal. Exit codes: 0 done, 1 failed, 2 bad usage, ' +
      '130 interrupted.',
  )
  .showHelpAfterError('Run with --help for the options.')
  .exitOverride()
  .hook('preAction', async (_, command) => {
    // These two are of use whatever the store is.
    if (!['doctor', 'stop'].includes(command.name())) await formatOf(store);
  });

for (const register of [
  registerInit,
  registerLap,
  registerSolve,
  registerEvaluate,
  registerLabel,
  registerPlan,
  registerImport,
  registerProblems,
  registerPrompts,
  registerBase,
  registerStatus,
  registerJob,
  registerLaps,
  registerReport,
  registerCompare,
  registerLineage,
  registerExport,
  registerReview,
  registerAnnotators,
  registerVerdicts,
  registerSchedule,
  registerStop,
  registerDev,
  registerDeployment,
  registerProcesses,
  registerDoctor,
  registerLedger,
  registerStore,
  registerRelabel,
  registerLabels,
  registerRewards,
]) {
  register(program);
}

// A reader that has gone, such as `head`, is no failure of ours: what is under way is done, and not told.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if ((error as NodeJS.ErrnoException | null)?.code === 'EPIPE') return EXIT.done;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage; // commander has said it
  console.error(error instanceof Error ? error.message : String(error));
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}
