import type { FastifyInstance } from 'fastify';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { Board } from './board.ts';
import { lapsOfExperts } from '../../reports/figures/qualityFigures.ts';
import { frameOf, goOn, sendFailure, sendPage } from './frames.ts';
import { leadPage } from './pages/leadPage.ts';
import { PATHS } from './pages/paths.ts';
import { qualityPage } from './pages/qualityPage.ts';
import type { People } from './people.ts';
import { qualityView } from './quality.ts';
import { requireLead } from './signIn.ts';
import { disputeOf } from './standing.ts';
import type { PersonLine, QualityView } from './views.ts';

/** Ours: all logs are read for it. */
const QUALITY_MS = 30_000;

/** What leads do: decide where seats disagree or somebody flagged, see who has how many, pause a person. */
export function registerLead(
  app: FastifyInstance,
  { people, board, store }: { readonly people: People; readonly board: Board; readonly store: ArtifactStore },
): void {
  const asLead = { onRequest: [requireLead] };
  const read = new Map<string, { readonly at: number; readonly view: Promise<QualityView> }>();

  app.get(PATHS.lead, asLead, async (request, reply) => {
    const waiting = (await board.forLead(request.person)).map(disputeOf);
    const view = {
      disagreements: waiting.filter(({ flags }) => flags.length === 0),
      flagged: waiting.filter(({ flags }) => flags.length > 0),
      people: await peopleLines(),
    };
    return sendPage(reply, leadPage(frameOf(request), view));
  });

  app.get<{ Querystring: { lap?: string } }>(PATHS.quality, asLead, async (request, reply) => {
    const { lap = '' } = request.query;
    if (lap !== '' && !(await lapsOfExperts(store)).includes(lap))
      return sendFailure(request, reply, 404, `Expected a lap whose questions people answered, got ${lap}.`);
    let known = read.get(lap);
    if (known === undefined || Date.now() - known.at > QUALITY_MS) {
      const view = board.open().then((open) => qualityView(store, { open, ...(lap !== '' && { lap }) }));
      known = { at: Date.now(), view };
      read.set(lap, known);
      view.catch(() => read.delete(lap));
    }
    return sendPage(reply, qualityPage(frameOf(request), await known.view));
  });

  for (const [action, isPaused] of [
    ['pause', true],
    ['resume', false],
  ] as const)
    app.post<{ Params: { id: string } }>(`/lead/people/:id/${action}`, asLead, async (request, reply) => {
      await people.pause(request.params.id, request.person.id, isPaused);
      return goOn(reply, PATHS.lead, isPaused ? 'pausedThem' : 'resumedThem');
    });

  async function peopleLines(): Promise<PersonLine[]> {
    const seats = (await board.open()).flatMap(({ progress }) => progress.seats);
    const count = (annotator: string, isClaimed: boolean) =>
      seats.filter((seat) => seat.annotator === annotator && (seat.state === 'claimed') === isClaimed).length;
    return (await people.list()).map((person) => ({
      ...person,
      claimed: count(person.id, true),
      answered: count(person.id, false),
    }));
  }
}
