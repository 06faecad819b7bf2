import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { AnnotatorRefused, Annotators, type ListedAnnotator } from '../../activities/reviews/annotators.ts';
import { markFormat } from '../../activities/store/format.ts';
import { store } from '../../workers/store.ts';
import { config } from '../../temporal.config.ts';
import { UsageError } from '../usage.ts';

interface AddOptions extends LoginOptions {
  readonly lead?: boolean;
  readonly json?: boolean;
}

interface LoginOptions {
  readonly email?: string;
  readonly subject?: string;
}

/** `flywheel annotators`: who may sign in at the annotation desk. Needs no server. */
export function registerAnnotators(program: Command): void {
  const command = program
    .command('annotators')
    .summary('who may sign in at the annotation desk')
    .description(
      'Makes annotators, their tokens and their roles. A token is shown once and only its hash is kept; what is ' +
        'revoked is signed out within seconds. Nothing is ever removed: verdicts keep their names.',
    );

  command
    .command('add')
    .description('Makes an annotator, and prints a token.')
    .argument('<name>', 'an opaque id, as it is kept with every verdict')
    .option('--lead', 'decides disagreements, and sees the lead’s pages')
    .option('--email <address>', 'by which the team’s login service knows the person')
    .option('--subject <sub>', 'its own name for the person, where settings ask for that')
    .option('--json', 'print one JSON object')
    .action((name: string, { lead = false, email, subject, json }: AddOptions) =>
      change(async (annotators, by) => {
        const token = await annotators.add(name, by, { isLead: lead, email, subject });
        sayToken(name, token, json);
      }),
    );

  command
    .command('token')
    .description('Prints another token of an annotator. Others stay good; who was revoked is let in again.')
    .argument('<name>', 'the annotator')
    .option('--json', 'print one JSON object')
    .action((name: string, { json }: { json?: boolean }) =>
      change(async (annotators, by) => sayToken(name, await annotators.makeToken(name, by), json)),
    );

  const said = (name: string, description: string, done: (annotator: string) => string, does: Change) =>
    command
      .command(name)
      .description(description)
      .argument('<name>', 'the annotator')
      .action((annotator: string) =>
        change(async (annotators, by) => {
          await does(annotators, annotator, by);
          console.log(done(annotator));
        }),
      );
  said(
    'revoke',
    'Ends all tokens of an annotator, and where they are signed in.',
    (name) => `${name} is signed out within seconds, and has no token.`,
    (annotators, name, by) => annotators.revoke(name, by),
  );
  said(
    'pause',
    'Gives an annotator no questions; what they have taken they may answer.',
    (name) => `${name} gets no questions until \`flywheel annotators resume ${name}\`.`,
    (annotators, name, by) => annotators.pause(name, by, true),
  );
  said(
    'resume',
    'Ends a pause.',
    (name) => `${name} gets questions.`,
    (annotators, name, by) => annotators.pause(name, by, false),
  );

  command
    .command('lead')
    .description('Makes an annotator a lead.')
    .argument('<name>', 'the annotator')
    .option('--off', 'a lead no longer')
    .action((name: string, { off = false }: { off?: boolean }) =>
      change(async (annotators, by) => {
        await annotators.setLead(name, by, !off);
        console.log(off ? `${name} is no lead.` : `${name} is a lead.`);
      }),
    );

  command
    .command('login')
    .description('Says by what the team’s login service knows an annotator, in place of what was said before.')
    .argument('<name>', 'the annotator')
    .option('--email <address>', 'an address that it has verified')
    .option('--subject <sub>', 'its own name for the person')
    .action((name: string, { email, subject }: LoginOptions) =>
      change(async (annotators, by) => {
        await annotators.setLogin(name, by, { email, subject });
        console.log(`${name}: ${[email, subject].filter(Boolean).join(', ') || 'signs in by token alone'}.`);
      }),
    );

  command
    .command('list')
    .description('Lists everybody who was ever made.')
    .option('--json', 'print one JSON array')
    .action(async ({ json }: { json?: boolean }) => {
      const all = await new Annotators(store).list();
      const text = all.map(lineOf).join('\n') || 'Nobody may sign in yet: `flywheel annotators add NAME`.';
      console.log(json ? JSON.stringify(all) : text);
    });
}

type Change = (annotators: Annotators, annotator: string, by: string) => Promise<void>;

/** @throws UsageError where it is refused. */
async function change(work: (annotators: Annotators, by: string) => Promise<void>): Promise<void> {
  await markFormat(store);
  try {
    await work(new Annotators(store), `${userInfo().username} (flywheel annotators)`);
  } catch (error) {
    throw error instanceof AnnotatorRefused ? new UsageError(error.message) : error;
  }
}

function sayToken(id: string, token: string, json = false): void {
  const address = config.desk.publicUrl;
  console.log(
    json
      ? JSON.stringify({ id, token, address })
      : `${id} signs in at ${address} with this token. It is shown this once:\n${token}`,
  );
}

function lineOf({ id, isLead, isPaused, isRevoked, since, tokens, email, subject }: ListedAnnotator): string {
  return [
    id,
    `since ${since.slice(0, 10)}`,
    tokens === 1 ? '1 token' : `${tokens} tokens`,
    ...(isLead ? ['lead'] : []),
    ...(isPaused ? ['paused'] : []),
    ...(isRevoked ? ['revoked'] : []),
    ...(email === undefined ? [] : [email]),
    ...(subject === undefined ? [] : [subject]),
  ].join('  ');
}
