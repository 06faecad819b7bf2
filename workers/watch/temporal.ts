import type { ConnectionLike } from '@temporalio/client';
import type { RuntimeOptions } from '@temporalio/worker';
import { freePort } from '../../activities/processes/ports.ts';
import type { Check } from './readiness.ts';

/** Whether the Temporal server answers. */
export function temporalAnswers(connection: ConnectionLike, address: string): Check {
  return () =>
    connection
      .withDeadline(Date.now() + 2_000, () => connection.workflowService.getSystemInfo({}))
      .then(
        () => undefined,
        (error: Error) => `the Temporal server at ${address} does not answer: ${error.message.split('\n')[0]}`,
      );
}

/**
 * The metrics that the SDK's native part keeps of its own (`temporal_…`: polls, slots, latencies of tasks). It serves
 * them itself, at a port of this machine that nobody needs to know: `text` reads them there, for our `/metrics`.
 */
export async function temporalMetrics(): Promise<{
  readonly telemetryOptions: NonNullable<RuntimeOptions['telemetryOptions']>;
  readonly text: () => Promise<string>;
}> {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  const prometheus = { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
  return {
    telemetryOptions: { metrics: { prometheus, attachServiceName: false } },
    text: async () => {
      const signal = AbortSignal.timeout(2_000);
      const reply = await fetch(`http://${bindAddress}/metrics`, { signal });
      return reply.text();
    },
  };
}
