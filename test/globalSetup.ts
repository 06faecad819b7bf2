import { ensurePython } from '../workers/stack/python.ts';
import { findTemporalCli } from '../workers/stack/temporalCli.ts';

/**
 * Tests run against the real Temporal server and the real Python environment: they are made where they are missing.
 * Tests with a state folder of their own find both through the environment.
 */
async function setUp(): Promise<void> {
  process.env['TEMPORAL_CLI_PATH'] = await findTemporalCli();
  process.env['FLYWHEEL_TRAINER_PYTHON'] = await ensurePython();
  process.env['OMP_NUM_THREADS'] = '1';
  process.env['TEMPORAL_VERSION_CHECK_DISABLED'] = '1';
}

// Jest calls the default export of this file.
export default setUp;
