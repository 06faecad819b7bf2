import type { FastifyInstance } from 'fastify';
import { freePort } from '../../../activities/processes/ports.ts';
import { Annotators } from '../../../activities/reviews/annotators.ts';
import type { SubjectRow } from '../../../activities/reviews/subjectRows.ts';
import { createDesk } from '../../../workers/annotation-desk/server.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';
import { ANALYSES, ANALYSIS, PROBLEM, PROOF } from './views.ts';
import { FakeReviews } from './fakeReviews.ts';

/** A real desk over fake reviews. */
export interface FakeWorld {
  readonly origin: string;
  readonly reviews: FakeReviews;
  /** By person; `emmy` is a lead. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

export const PEOPLE = ['ada', 'carl', 'emmy'] as const;

export async function fakeWorld(): Promise<FakeWorld> {
  const store = new MemoryStore();
  const people = new Annotators(store, 0);
  const tokens: Record<string, string> = {};
  for (const id of PEOPLE) tokens[id] = await people.add(id, 'test', { isLead: id === 'emmy' });
  const reviews = new FakeReviews();
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const app: FastifyInstance = await createDesk({ reviews, people, store, secret: 's'.repeat(40), address: origin });
  await app.listen({ host: '127.0.0.1', port });
  return { origin, reviews, tokens, close: () => app.close() };
}

/** A question's row about the tests' proof. */
export const rowOf = (id: string, more: Partial<SubjectRow> = {}): SubjectRow => ({
  id,
  problem: { id, source: 'a-source', ...PROBLEM },
  proof: PROOF,
  analysis: ANALYSIS,
  analyses: ANALYSES,
  ...more,
});
