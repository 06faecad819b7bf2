import { TestWorkflowEnvironment } from '@temporalio/testing';

/**
 * Fetches the newest Temporal CLI by the SDK's own means into the folder named on the command line. A process of its
 * own, because a stalled download can only be ended from outside.
 */
const [downloadDir] = process.argv.slice(2);
if (downloadDir === undefined) throw new Error('Expected a folder to download into');
try {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  });
  await environment.teardown();
} catch (error) {
  process.stderr.write(`${(error as Error).message.replaceAll('\n', ' ')}\n`);
  process.exitCode = 1;
}
