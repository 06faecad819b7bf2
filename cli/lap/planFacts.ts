import { aligned, whole } from '../../reports/pages/format.ts';
import { bytesText, diskText, type Disk } from '../../shared/cost/disk.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import { hoursText, short } from '../../shared/cost/planText.ts';
import { auditSizeText } from '../../shared/cost/auditSize.ts';
import { alikeText } from '../../shared/problems/held.ts';
import type { LapFacts } from '../../shared/lap/facts.ts';
import { tasksAsked, usualPrompts } from '../../shared/lap/limits.ts';
import type { LapShape } from '../../shared/lap/orders.ts';

/** What was read of a lap's files and servers: counts, and the tokens of each role's prompt beside its answer. */
export function factLines(lap: LapShape, facts: LapFacts): string[] {
  const { problems, base, server, notes = [] } = facts;
  const { tokens, splits } = problems ?? {};
  const read = [
    problems && splits
      ? `problems: ${whole(problems.count)} (${whole(splits.train)} to train on, ${whole(splits.validation)} that ` +
        `validate, ${whole(splits.heldOut)} held out)` +
        (problems.leftOut > 0 ? `, ${whole(problems.leftOut)} left out` : '') +
        (problems.alike ? `; ${alikeText(problems.alike)}` : '') +
        (tokens
          ? `; a statement has ${whole(tokens.least)} to ${whole(tokens.most)} tokens, ` +
            `${whole(tokens.median)} in the middle`
          : '')
      : '',
    base
      ? `base: ${short(base.parameters)} parameters, ${bytesText(base.bytes)}` +
        (base.context === undefined ? '' : `, ${whole(base.context)} positions`)
      : '',
    server ? `window: ${whole(server.context)} tokens of prompt and answer (${server.of})` : '',
    ...notes,
    ...tokenTable(lap, facts),
  ].filter((line) => line !== '');
  return read.length === 0 ? [] : ['what was read:', ...read.map((line) => `  ${line}`), ''];
}

function tokenTable(lap: LapShape, { problems, prompts, shortest, server }: LapFacts): string[] {
  if (prompts === undefined || shortest === undefined) return [];
  const usual = usualPrompts(lap.recipe, { problems, shortest });
  const { sampling } = lap.recipe;
  return aligned([
    [
      'tokens',
      'prompt',
      'with the shortest statement',
      'with usual texts',
      'answer at most',
      ...(server ? ['left'] : []),
    ],
    ...tasksAsked(lap).map((task) => {
      const { maxTokens, maxThinkingTokens = 0 } = sampling[task];
      const answer = maxTokens + maxThinkingTokens;
      const left = server && server.context - usual[task] - answer;
      const cells = [prompts[task], shortest[task], usual[task], answer, ...(left === undefined ? [] : [left])];
      return [task, ...cells.map(whole)];
    }),
  ]);
}

/** People's hours, in weeks where the recipe says who they are; and the disk. */
export function needLines(
  { recipe, plan: { auditsPerLabel } }: LapShape & { readonly plan: LapPlan },
  expertMinutes: number,
  disk: Disk | undefined,
  { free }: LapFacts,
): string[] {
  const { people, weeks, untilEnough, hoursPerWeek } = peopleOf(recipe.experts, expertMinutes);
  return [
    ...(expertMinutes > 0
      ? [
          `people: ${hoursText(expertMinutes / 60)}` +
            (weeks === undefined
              ? ' (experts.people and experts.hoursPerWeek say it in weeks)'
              : `, ${short(weeks)} weeks of ${people} people with ${hoursPerWeek} h a week each`) +
            (untilEnough === undefined ? '' : `; ${soLong(untilEnough)} until there is enough (experts.enough)`),
        ]
      : []),
    ...(recipe.audit && auditsPerLabel ? [auditSizeText(recipe.audit.minPrecision, auditsPerLabel)] : []),
    ...(disk
      ? [
          `disk: ${bytesText(disk.total)} (${diskText(disk)})` +
            (free ? `; ${bytesText(free.bytes)} are free in ${free.of}` : ''),
        ]
      : []),
  ];
}

const soLong = ({ hours, weeks }: { readonly hours: number; readonly weeks: number | undefined }): string =>
  weeks === undefined ? hoursText(hours) : `${short(weeks)} weeks`;

export function peopleOf({ people = 1, hoursPerWeek, enough }: LapShape['recipe']['experts'], expertMinutes: number) {
  const weeks = hoursPerWeek === undefined ? undefined : expertMinutes / 60 / people / hoursPerWeek;
  const hours = expertMinutes / 60;
  const untilEnough = enough === undefined ? undefined : { hours: hours * enough, weeks: weeks && weeks * enough };
  return { hours, people, hoursPerWeek, weeks, untilEnough };
}
