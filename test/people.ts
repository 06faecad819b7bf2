import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { LapWorld } from './lapWorld.ts';

/** What people make of a question: the workflow id of its review, and how many they were asked before. */
export type Answering = (client: Client, workflowId: string, number: number) => Promise<void>;

const OPEN = 'WorkflowType = "expertReview" AND ExecutionStatus = "Running"';

/** People as clients of a lap's server, who answer each question once until its command has ended; its exit code. */
export async function answerAll(world: LapWorld, ended: Promise<number>, answer: Answering): Promise<number> {
  let over = false;
  void ended.then(() => (over = true));
  const answered = new Set<string>();
  let client: Client | undefined;
  while (!over) {
    client ??= await world.client().catch(() => undefined); // the server is being started
    for (const workflowId of client === undefined ? [] : await openQuestions(client)) {
      if (answered.has(workflowId)) continue;
      answered.add(workflowId);
      await answer(client as Client, workflowId, answered.size - 1);
    }
    await sleep(200);
  }
  await client?.connection.close();
  return ended;
}

/** None where the server does not answer: it starts, or has ended with the lap. */
async function openQuestions(client: Client): Promise<string[]> {
  const ids: string[] = [];
  try {
    for await (const { workflowId } of client.workflow.list({ query: OPEN })) ids.push(workflowId);
  } catch {
    return [];
  }
  return ids;
}
