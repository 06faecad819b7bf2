import type { Command } from 'commander';
import { withClient } from '../../workers/stack/temporalServer.ts';
import { QUEUES } from '../../shared/queues.ts';
import * as messages from '../../shared/review/messages.ts';
import type { VerdictMessage } from '../../shared/review/messages.ts';
import type { Score } from '../../shared/scores.ts';
import { store } from '../../workers/store.ts';
import { workflowLink } from '../links.ts';
import { TemporalDesk, type Reply } from '../../activities/reviews/desk.ts';
import { scoreFrom, sitDown } from './reviewTerminal.ts';
import { questionText, reviewLine } from './reviewView.ts';
import { UsageError } from '../usage.ts';

interface VerdictOptions {
  readonly as?: string;
  readonly score: string;
  readonly comment?: string;
  readonly id?: string;
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
    .option('--lead', 'decide questions on which the seats disagree')
    .option('--wait', 'when nothing is open, wait for what the lap asks next')
    .configureHelp({ showGlobalOptions: true })
    .action(
      async ({ as: annotator, set, lead, wait }: { as?: string; set?: string; lead?: boolean; wait?: boolean }) => {
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
          const { given, stopped } = await sitDown({
            desk,
            annotator,
            lead: lead === true,
            set,
            wait: wait === true,
            input: process.stdin,
            output: process.stdout,
          });
          const rest = stopped
            ? 'The others stay open.'
            : `Nothing is open for ${annotator} now; a later phase may ask more (--wait stays for it).`;
          process.stdout.write(`\n${given} answered. ${rest}\n`);
        });
      },
    );

  review
    .command('list')
    .description('Lists the open questions, the oldest first.')
    .option('--limit <n>', 'at most so many', '50')
    .option('--json', 'print one JSON array')
    .action((_options, command: Command) =>
      atDesk(async (desk) => {
        const { set, limit, json } = command.optsWithGlobals<{ set?: string; limit: string; json?: boolean }>();
        const open = await desk.open({ set, limit: positive(limit) });
        const lines = open.map((one) => `${reviewLine(one)}\n`).join('');
        process.stdout.write(json === true ? `${JSON.stringify(open)}\n` : lines || 'No question is open.\n');
      }),
    );

  review
    .command('show')
    .description('Shows one question: its texts, and how it stands.')
    .argument('<workflowId>', 'the review, as `flywheel review list` names it')
    .option('--json', 'print one JSON object {progress, subject}')
    .action((workflowId: string, { json }: { json?: boolean }) =>
      atDesk(async (desk) => {
        const progress = answerIn(await desk.send(workflowId, messages.reviewProgress));
        const subject = await desk.texts(progress.question);
        if (json === true) process.stdout.write(`${JSON.stringify({ progress, subject })}\n`);
        else process.stdout.write(`${questionText(progress, subject)}\n${workflowLink(workflowId) ?? ''}\n`);
      }),
    );

  verdictCommand(review, 'submit', 'Answers a question from a seat.', messages.submitVerdict);
  verdictCommand(
    review,
    'adjudicate',
    'Decides, as a lead, a question on which the seats disagree.',
    messages.adjudicate,
  );

  review
    .command('flag')
    .description('Takes a question out because its problem or texts are faulty. It gets no score.')
    .argument('<workflowId>', 'the review')
    .requiredOption('--reason <text>', 'what is wrong')
    .action((workflowId: string, _options, command: Command) =>
      atDesk(async (desk) => {
        const { as: annotator, reason } = command.optsWithGlobals<{ as?: string; reason: string }>();
        print(await desk.send(workflowId, messages.flagProblem, { annotator: named(annotator), reason }));
      }),
    );
}

function verdictCommand(
  review: Command,
  name: 'submit' | 'adjudicate',
  description: string,
  update: typeof messages.submitVerdict,
): void {
  review
    .command(name)
    .description(`${description} Prints the answer as JSON. The same verdict sent again counts once.`)
    .argument('<workflowId>', 'the review')
    .requiredOption('--score <score>', '0, 0.5 or 1')
    .option('--comment <text>', 'a few words on why')
    .option('--id <verdictId>', 'id of this verdict (default: your annotator id)')
    .action((workflowId: string, _options, command: Command) => {
      const { as: annotator, score, comment, id } = command.optsWithGlobals<VerdictOptions>();
      const message: VerdictMessage = {
        annotator: named(annotator),
        score: scored(score),
        ...(comment === undefined ? {} : { comment }),
        ...(id === undefined ? {} : { verdictId: id }),
      };
      return atDesk(async (desk) => print(await desk.send(workflowId, update, message)));
    });
}

function atDesk(work: (desk: TemporalDesk) => Promise<void>): Promise<void> {
  return withClient((client) => work(new TemporalDesk(client, store)));
}

function named(annotator: string | undefined): string {
  if (annotator === undefined) throw new UsageError('Expected --as with your annotator id, got nothing');
  return annotator;
}

function scored(text: string): Score {
  const score = scoreFrom(text);
  if (score === undefined) throw new UsageError(`Expected --score to be 0, 0.5 or 1, got ${JSON.stringify(text)}`);
  return score;
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new UsageError(`Expected --limit to be a whole number of at least 1, got ${JSON.stringify(text)}`);
  return number;
}

function print(reply: Reply<unknown>): void {
  process.stdout.write(`${JSON.stringify(answerIn(reply))}\n`);
}

/** @throws with the review's own words when it refused, or when it is not open. */
function answerIn<Answer>(reply: Reply<Answer>): Answer {
  if (reply.kind !== 'answered') throw new Error(reply.reason);
  return reply.answer;
}
