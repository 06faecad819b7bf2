import type { UpdateDefinition } from '@temporalio/common';
import type { Command } from 'commander';
import { withClient } from '../../workers/client.ts';
import { QUEUES } from '../../shared/queues.ts';
import * as messages from '../../shared/review/messages.ts';
import { GIVEN_BACK } from '../../shared/review/reviews.ts';
import { store } from '../../workers/store.ts';
import { workflowLink } from '../links.ts';
import { TemporalDesk, type Reply } from '../../activities/reviews/desk.ts';
import { scoreFrom, sitDown, type Sat } from './reviewTerminal.ts';
import { visibleTo } from '../../activities/reviews/visible.ts';
import { questionText, reviewLine } from './reviewView.ts';
import { UsageError, wholeFrom } from '../usage.ts';

/** Of `flywheel review` itself, and of all its subcommands. */
interface ReviewOptions {
  readonly as?: string;
  readonly set?: string;
  readonly lead?: boolean;
  readonly wait?: boolean;
}

/** `flywheel review`: the questions to experts, on a terminal and for scripts. */
export function registerReview(program: Command): void {
  const review = program
    .command('review')
    .summary('answer the questions that wait for experts')
    .description(
      'Goes through the open questions: shows the problem, the proof and the analysis, and asks for a score. A ' +
        'line is a score and a comment, so that `flywheel review --as ada < answers.txt` answers as well. The ' +
        'subcommands are for scripts.',
    )
    .option('--as <annotator>', 'your id, as it is kept with your verdicts')
    .option(
      '--set <id>',
      'only questions of this set, such as main/lap-0001/cold-start/experts, or of all sets below a path',
    )
    .option('--lead', 'decide questions on which the seats disagree, or that somebody flagged')
    .option('--wait', 'when nothing is open, wait for what the lap asks next')
    .configureHelp({ showGlobalOptions: true })
    .action(async ({ as: annotator, set, lead = false, wait = false }: ReviewOptions) => {
      if (annotator === undefined)
        throw new UsageError(
          'Expected --as with your annotator id, got nothing: `flywheel review --as ada`. `flywheel review ' +
            'list` only looks.',
        );
      await atDesk(async (desk) => {
        if (!(await desk.hasWorker()))
          throw new Error(
            `No worker runs on task queue ${QUEUES.orchestrator}: nobody would take your answers. ` +
              `Start one with \`npm run lap\` or \`npm run dev\`.`,
          );
        const { stdin: input, stdout: output } = process;
        console.log(`\n${endText(await sitDown({ desk, annotator, lead, set, wait, input, output }), annotator)}`);
      });
    });

  review
    .command('list')
    .description('Lists the open questions, the oldest first.')
    .option('--limit <n>', 'at most so many', '50')
    .option('--json', 'print one JSON array')
    .action((_options, command: Command) =>
      atDesk(async (desk) => {
        const { set, limit, json } = command.optsWithGlobals<{ set?: string; limit: string; json?: boolean }>();
        const open = await desk.open({ set, limit: wholeFrom('--limit', limit, 1) });
        const text = open.map(reviewLine).join('\n') || 'No question is open.';
        console.log(json ? JSON.stringify(open) : text);
      }),
    );

  review
    .command('show')
    .description('Shows one question: its texts, how it stands, and with --as the analyses to who has scored it.')
    .argument('<workflowId>', 'the review, as `flywheel review list` names it')
    .option('--json', 'print one JSON object {progress, subject}')
    .action((workflowId: string, { json }: { json?: boolean }) =>
      atDesk(async (desk) => {
        const progress = answerIn(await desk.send(workflowId, messages.reviewProgress));
        const { as: annotator, lead } = review.opts<ReviewOptions>();
        const subject = visibleTo({ annotator, lead }, progress, await desk.texts(progress.question));
        const text = `${questionText(progress, subject)}\n${workflowLink(workflowId) ?? ''}`;
        console.log(json ? JSON.stringify({ progress, subject }) : text);
      }),
    );

  verdictCommand('submit', 'Answers a question from a seat.', messages.submitVerdict);
  verdictCommand('adjudicate', 'Decides, as a lead, where the seats disagree or a flag waits.', messages.adjudicate);

  review
    .command('flag')
    .description('Says that the problem or its texts are faulty; the second person who does takes the question out.')
    .argument('<workflowId>', 'the review')
    .requiredOption('--reason <text>', 'what is wrong')
    .action((workflowId: string, { reason }: { reason: string }) =>
      send(workflowId, messages.flagProblem, { annotator: annotatorId(), reason }),
    );

  review
    .command('release')
    .description(
      'Gives a claimed seat back: to others, or, where it is too long for now, to yourself after other questions.',
    )
    .argument('<workflowId>', 'the review')
    .option('--reason <reason>', 'outOfMyDepth or tooLong')
    .action((workflowId: string, { reason }: { reason?: string }) => {
      const known = GIVEN_BACK.find((one) => one === reason);
      if (reason !== undefined && known === undefined)
        throw new UsageError(`Expected --reason to be ${GIVEN_BACK.join(' or ')}, got ${JSON.stringify(reason)}`);
      return send(workflowId, messages.release, { annotator: annotatorId(), ...(known && { reason: known }) });
    });

  review
    .command('withdraw')
    .description('Takes back what you said last, while the question is open.')
    .argument('<workflowId>', 'the review')
    .action((workflowId: string) => send(workflowId, messages.withdraw, { annotator: annotatorId() }));

  interface Given {
    readonly score: string;
    readonly uncertain?: true;
    readonly lines?: string;
    readonly comment?: string;
    readonly id?: string;
    readonly assisted?: true;
  }

  function verdictCommand(name: string, description: string, update: typeof messages.submitVerdict): void {
    const command = review
      .command(name)
      .description(`${description} Prints the answer as JSON. The same verdict sent again counts once.`)
      .argument('<workflowId>', 'the review')
      .requiredOption('--score <score>', '0, 0.5 or 1')
      .option('--comment <text>', 'a few words on why')
      .option('--uncertain', 'you are not sure of it; it counts as any other')
      .option('--lines <numbers>', 'lines of the proof that the comment is about, such as 3,7')
      .option('--id <verdictId>', 'id of this verdict (default: your annotator id)')
      .action((workflowId: string, { score: text, comment, uncertain, lines, id, assisted }: Given) => {
        const annotator = annotatorId();
        const score = scoreFrom(text);
        if (score === undefined)
          throw new UsageError(`Expected --score to be 0, 0.5 or 1, got ${JSON.stringify(text)}`);
        return send(workflowId, update, {
          annotator,
          score,
          ...(comment !== undefined && { comment }),
          ...(uncertain && { uncertain }),
          ...(lines !== undefined && { lines: lines.split(',').map((line) => wholeFrom('--lines', line.trim(), 1)) }),
          ...(id !== undefined && { verdictId: id }),
          ...(assisted && { assisted }),
        });
      });
    if (update === messages.submitVerdict)
      command.option('--assisted', 'your second score, after `review show --as you` has shown the analyses');
  }

  function annotatorId(): string {
    const { as: annotator } = review.opts<ReviewOptions>();
    if (annotator === undefined) throw new UsageError('Expected --as with your annotator id, got nothing');
    return annotator;
  }
}

/** What a sitting came to, for the person who sat. */
export function endText({ given, end, unused }: Sat, annotator: string): string {
  const rest = {
    'nothing open': `Nothing is open for ${annotator} now; a later phase may ask more (--wait stays for it).`,
    stopped: 'The others stay open.',
    'input over': 'The input has ended; what is open, and what a later phase asks, stays open.',
  };
  const lines = unused === 1 ? '1 line of the input was' : `${unused} lines of the input were`;
  return `${given} answered. ${rest[end]}${unused === 0 ? '' : ` ${lines} not used.`}`;
}

function atDesk(work: (desk: TemporalDesk) => Promise<void>): Promise<void> {
  return withClient((client) => work(new TemporalDesk(client, store)));
}

/** Sends an Update and prints the answer. */
function send<Answer, Sent>(workflowId: string, update: UpdateDefinition<Answer, [Sent]>, sent: Sent): Promise<void> {
  return atDesk(async (desk) => console.log(JSON.stringify(answerIn(await desk.send(workflowId, update, sent)))));
}

/** @throws with the review's own words when it refused, or when it is not open. */
function answerIn<Answer>(reply: Reply<Answer>): Answer {
  if (reply.kind !== 'answered') throw new Error(reply.reason);
  return reply.answer;
}
