import { Command, CommanderError } from 'commander';
import { registerDeployment } from './deployment.ts';
import { registerCompare } from './compare.ts';
import { registerDev } from './dev.ts';
import { registerDoctor } from './doctor.ts';
import { registerLap } from './lap.ts';
import { registerLaps } from './laps.ts';
import { registerLedger } from './ledger.ts';
import { registerPlan } from './plan.ts';
import { registerLineage } from './lineage.ts';
import { registerRelabel } from './relabel.ts';
import { registerReport } from './report.ts';
import { registerReview } from './review.ts';
import { registerSchedule } from './schedule.ts';
import { registerStatus } from './status.ts';
import { registerStop } from './stop.ts';
import { EXIT, UsageError } from './usage.ts';

const program = new Command('flywheel')
  .description(
    'The training flywheel of self-verifying provers, on Temporal. Exit codes: 0 done, 1 failed, 2 bad usage, ' +
      '130 interrupted.',
  )
  .showHelpAfterError('Run with --help for the options.')
  .exitOverride();

for (const register of [
  registerLap,
  registerPlan,
  registerStatus,
  registerLaps,
  registerReport,
  registerCompare,
  registerLineage,
  registerReview,
  registerSchedule,
  registerStop,
  registerDev,
  registerDeployment,
  registerDoctor,
  registerLedger,
  registerRelabel,
]) {
  register(program);
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage; // commander has said it
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}
