import { randomUUID } from 'node:crypto';
import type { UpdateDefinition } from '@temporalio/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Reply, ReviewDesk } from '../../activities/reviews/desk.ts';
import * as messages from '../../shared/review/messages.ts';
import { GIVEN_BACK } from '../../shared/review/reviews.ts';
import type { Board } from './board.ts';
import { frameOf, goOn, sendFailure, sendPage, type Said } from './frames.ts';
import { FIELDS, verdictFrom, type Sent } from './pages/fields.ts';
import { homePage } from './pages/homePage.ts';
import { PATHS, type Action } from './pages/paths.ts';
import { questionPage } from './pages/questionPage.ts';
import { requireLead, requirePerson } from './signIn.ts';
import { lineOf, questionView, standingIn } from './standing.ts';
import type { Mine } from './views.ts';

/** Ours: questions that a list shows; the others are counted. */
const SHOWN = 10;

interface OneQuestion {
  /** Id of the question's workflow, once the desk's own is looked up. */
  readonly Params: { id: string };
  readonly Body: Sent;
}
type Asked = FastifyRequest<OneQuestion>;

/** What annotators do: look what is open, take the next question, read it, answer it, give it back. */
export function registerQuestions(
  app: FastifyInstance,
  { reviews, board }: { readonly reviews: ReviewDesk; readonly board: Board },
): void {
  const signedIn = { onRequest: [requirePerson] };
  const lookUp = async (request: Asked): Promise<void> => {
    const { params } = request;
    params.id = (await board.workflowOf(params.id)) ?? params.id;
    request.body ??= {}; // of a form without a field
  };

  app.get(PATHS.home, signedIn, async (request, reply) => {
    const { person } = request;
    const lines = (await board.open()).map((one) => lineOf(one, person.id));
    const those = (...how: readonly Mine[]) => lines.filter(({ mine }) => how.includes(mine));
    const offered = await board.offered(person);
    const view = {
      mine: those('claimed', 'scoredOnce'),
      waiting: offered.length,
      next: offered.slice(0, SHOWN).map((one) => lineOf(one, person.id)),
      said: those('answered', 'scoredOnce', 'flagged'),
    };
    return sendPage(reply, homePage(frameOf(request), view));
  });

  app.post(PATHS.next, signedIn, async (request, reply) => {
    const { person } = request;
    if (person.isPaused) return goOn(reply, PATHS.home, 'paused');
    const isMine = ({ mine }: { readonly mine: Mine }) => mine === 'claimed' || mine === 'scoredOnce';
    const mine = (await board.open()).find(({ progress }) => isMine(standingIn(progress, person.id)));
    if (mine) return reply.redirect(PATHS.question(mine.workflowId), 303);
    for (const { workflowId } of await board.offered(person)) {
      const taken = await reviews.send(workflowId, messages.claim, { annotator: person.id });
      await board.refresh(workflowId);
      if (taken.kind === 'answered') return reply.redirect(PATHS.question(workflowId), 303);
    }
    return goOn(reply, PATHS.home, 'nothing');
  });

  app.get<OneQuestion>(PATHS_OF.question, signedIn, async (request, reply) => {
    // As the workflow's details link here.
    if (request.params.id.includes('/')) return reply.redirect(PATHS.question(request.params.id), 303);
    await lookUp(request);
    return show(request, reply);
  });

  on(
    'claim',
    messages.claim,
    (annotator) => ({ annotator }),
    (id) => [PATHS.question(id), 'claimed'],
  );
  on(
    'withdraw',
    messages.withdraw,
    (annotator) => ({ annotator }),
    (id) => [PATHS.question(id), 'withdrawn'],
  );
  on(
    'flag',
    messages.flagProblem,
    (annotator, sent) => ({ annotator, reason: sent[FIELDS.reason] ?? '' }),
    () => [PATHS.home, 'flagged'],
  );
  on(
    'give-back',
    messages.release,
    (annotator, sent) => {
      const reason = GIVEN_BACK.find((one) => one === sent[FIELDS.reason]);
      return { annotator, ...(reason && { reason }) };
    },
    (_, sent) => [PATHS.home, sent[FIELDS.reason] === 'tooLong' ? 'later' : 'givenBack'],
  );
  judge('verdict', messages.submitVerdict);
  judge('adjudicate', messages.adjudicate);

  /** An action of one question: the message that its form makes, and where it leads. */
  function on<Answer, Message>(
    action: Action,
    update: UpdateDefinition<Answer, [Message]>,
    messageOf: (annotator: string, sent: Sent) => Message,
    then: (id: string, sent: Sent) => readonly [string, Said],
  ): void {
    app.post<OneQuestion>(PATHS_OF.act(action), { ...signedIn, preHandler: lookUp }, async (request, reply) => {
      const { params, body, person } = request;
      if (action === 'claim' && person.isPaused) return goOn(reply, PATHS.home, 'paused');
      const answer = await act(request, update, messageOf(person.id, body));
      if (answer.kind !== 'answered') return show(request, reply, answer.reason);
      return goOn(reply, ...then(params.id, body));
    });
  }

  function judge(action: 'verdict' | 'adjudicate', update: typeof messages.submitVerdict): void {
    const allowed = action === 'adjudicate' ? { onRequest: [requireLead] } : signedIn;
    app.post<OneQuestion>(PATHS_OF.act(action), { ...allowed, preHandler: lookUp }, async (request, reply) => {
      const { params, body, person } = request;
      const given = verdictFrom(body);
      if (given.kind === 'refused') return show(request, reply, given.reason);
      const progress = await board.ask(params.id);
      const isSecond = progress !== undefined && standingIn(progress, person.id).mine === 'scoredOnce';
      const verdict = { ...given.value, annotator: person.id, ...(isSecond && { assisted: true }) };
      const answer = await act(request, update, verdict);
      if (answer.kind !== 'answered') return show(request, reply, answer.reason);
      if (action === 'adjudicate') return goOn(reply, PATHS.lead, 'decided');
      const looksAgain = progress?.assisted === true && !isSecond;
      return looksAgain ? goOn(reply, PATHS.question(params.id), 'looksAgain') : goOn(reply, PATHS.home, 'recorded');
    });
  }

  /** Who acts is who is signed in, and what a page sends twice happens once. */
  async function act<Answer, Message>(
    { params, body, person }: Asked,
    update: UpdateDefinition<Answer, [Message]>,
    message: Message,
  ): Promise<Reply<Answer>> {
    const nonce = body[FIELDS.nonce];
    const reply = await reviews.send(params.id, update, message, nonce && `${update.name} ${person.id} ${nonce}`);
    await board.refresh(params.id);
    return reply;
  }

  /** The question's page, with what was typed where an action was refused. */
  async function show(request: Asked, reply: FastifyReply, refused?: string): Promise<FastifyReply> {
    const { id } = request.params;
    const progress = await board.ask(id);
    if (progress === undefined)
      return sendFailure(request, reply, 404, refused ?? 'Expected a question that is open, got none by this address.');
    const [row, own] = await Promise.all([
      reviews.texts(progress.question),
      reviews.verdictsOf(request.person.id, progress.question),
    ]);
    const given = own.at(-1);
    const view = {
      ...questionView({ workflowId: id }, request.person, progress, row, randomUUID()),
      ...(given && { given }),
      ...(refused !== undefined && { typed: typedIn(request.body) }),
    };
    return sendPage(reply.code(refused === undefined ? 200 : 409), questionPage(frameOf(request, refused), view));
  }
}

const typedIn = (sent: Sent): Record<string, string> =>
  Object.fromEntries(Object.entries(sent).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));

/** Routes, where `PATHS` has the addresses of one question. */
const PATHS_OF = { question: '/questions/:id', act: (action: Action) => `/questions/:id/${action}` } as const;
