import type { Outcome, Usage } from '../../shared/outcomes.ts';
import type { ModelRef, Task } from '../../shared/records.ts';
import { counter, histogram } from './registry.ts';

const OF_CALL = ['role', 'task'] as const;

const calls = counter({
  name: 'flywheel_model_calls_total',
  help: 'Model calls that have an outcome, by its kind and by what it lacks (cause, "none" where nothing).',
  labels: [...OF_CALL, 'kind', 'cause'],
});
const taken = counter({
  name: 'flywheel_model_calls_taken_total',
  help: 'Calls whose outcome an earlier lap paid for.',
  labels: OF_CALL,
});
const requests = counter({
  name: 'flywheel_model_requests_total',
  help: 'Requests for model calls by what came back: answer, overloaded, gone, broken, refused. All but one of a call are retries.',
  labels: [...OF_CALL, 'reply'],
});
const tokens = counter({
  name: 'flywheel_model_tokens_total',
  help: 'Tokens as servers say: prompt and completion; cached are of the prompt, thinking of the completion.',
  labels: [...OF_CALL, 'kind'],
});
const seconds = histogram({
  name: 'flywheel_model_request_duration_seconds',
  help: 'How long an answer took, from its request to its last byte.',
  labels: OF_CALL,
  // From a tiny model's tenth of a second to an hour of thinking.
  buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 1800, 3600],
});

/** Of which call. */
interface Asked {
  readonly model: ModelRef;
  readonly task: Task;
}

export function countOutcome({ model: { role }, task }: Asked, { kind, cause, takenFrom }: Outcome): void {
  if (takenFrom !== undefined) taken.inc({ role, task });
  else calls.inc({ role, task, kind, cause: cause?.replaceAll(' ', '_') ?? 'none' });
}

interface Reply {
  readonly kind: string;
  /** Of an answer. */
  readonly usage?: Usage | undefined;
}

export function countReply({ model: { role }, task }: Asked, { kind: reply, usage }: Reply, ms: number): void {
  requests.inc({ role, task, reply });
  if (reply === 'answer') seconds.observe({ role, task }, ms / 1000);
  if (usage === undefined) return;
  const { promptTokens, completionTokens, cachedPromptTokens = 0, thinkingTokens = 0 } = usage;
  const counts = {
    prompt: promptTokens,
    completion: completionTokens,
    cached: cachedPromptTokens,
    thinking: thinkingTokens,
  };
  for (const [kind, count] of Object.entries(counts)) if (count > 0) tokens.inc({ role, task, kind }, count);
}
