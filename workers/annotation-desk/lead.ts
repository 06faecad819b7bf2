import type { FastifyInstance } from 'fastify';
import type { Board } from './board.ts';
import { frameOf, goOn, sendPage } from './frames.ts';
import { leadPage } from './pages/leadPage.ts';
import { PATHS } from './pages/paths.ts';
import type { People } from './people.ts';
import { requireLead } from './signIn.ts';
import { disputeOf } from './standing.ts';
import type { PersonLine } from './views.ts';

/** What leads do: decide where seats disagree or somebody flagged, see who has how many, pause a person. */
export function registerLead(
  app: FastifyInstance,
  { people, board }: { readonly people: People; readonly board: Board },
): void {
  const asLead = { onRequest: [requireLead] };

  app.get(PATHS.lead, asLead, async (request, reply) => {
    const waiting = (await board.forLead(request.person)).map(disputeOf);
    const view = {
      disagreements: waiting.filter(({ flags }) => flags.length === 0),
      flagged: waiting.filter(({ flags }) => flags.length > 0),
      people: await peopleLines(),
    };
    return sendPage(reply, leadPage(frameOf(request), view));
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
