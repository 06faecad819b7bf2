import { defineSearchAttributeKey } from '@temporalio/common';
import {
  defineQuery,
  executeChild,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import { ordersOf, type PhaseName } from '../../shared/lap/phases.ts';
import type { PhaseRecord, SetRecord, StageRecord } from '../../shared/lap/manifest.ts';
import { PROGRESS_QUERY, type PlanHeadline, type LapProgress } from '../../shared/lap/progress.ts';
import { planText } from '../../shared/cost/planText.ts';
import { ROOM_AT_THE_END } from '../../shared/review/reviewText.ts';
import type { SearchAttributeName } from '../../shared/searchAttributes.ts';
import { placeOf, runOf } from '../../shared/ids.ts';
import { inTurnOf } from '../inTurn.ts';
import { warning } from '../messages.ts';

const progressQuery = defineQuery<LapProgress>(PROGRESS_QUERY);

export type Progress = ReturnType<typeof trackProgress>;

/**
 * Says how far a lap is: to the `progress` query, in the workflow's details (Web UI), and at the end in the manifest.
 */
export function trackProgress() {
  const startedAt = workflowInfo().runStartTime.toISOString();
  const done: PhaseRecord[] = [];
  const results: string[] = [];
  let warnings: readonly string[] = [];
  let phases: readonly PhaseName[] = ['open'];
  let plan: readonly PlanHeadline[] = [];
  let mending: readonly string[] = [];
  let current: LapProgress = {
    phase: 'open',
    phaseIndex: 1,
    phases: phases.length,
    startedAt,
    phaseStartedAt: startedAt,
  };
  setHandler(progressQuery, () => current, { description: 'Phase, step of steps, elapsed time' });

  function show(): void {
    const rows = phases.map((name, index) => {
      const ended = done.find((record) => record.name === name);
      const seconds = ended ? `${Math.round((Date.parse(ended.endedAt) - Date.parse(ended.startedAt)) / 1000)} s` : '';
      const state = ended ? 'done' : index + 1 === current.phaseIndex ? '**running**' : '';
      return (
        `| ${name} | ${state} | ${seconds} | ${results[index] ?? ''} | ` +
        `${planText(plan.find(({ phase }) => phase === name))} |`
      );
    });
    setCurrentDetails(
      [
        `**${current.lap ?? 'New lap'}**`,
        '',
        '| phase | | time | | planned |',
        '| --- | --- | --- | --- | --- |',
        ...rows,
        '',
        ...mending.map((line) => `- ${line}`),
        ...warnings.map((warning) => `- ⚠ ${warning}`),
        '',
        `Started ${startedAt}.`,
        '',
        ROOM_AT_THE_END,
      ].join('\n'),
    );
  }

  /** Runs one phase; `tell` puts its outcome into a few words. */
  async function phase<T>(name: PhaseName, work: () => Promise<T>, tell: (result: T) => string = () => ''): Promise<T> {
    const index = phases.indexOf(name);
    const began = new Date().toISOString();
    current = { ...current, phase: name, phaseIndex: index + 1, phaseStartedAt: began };
    findBy({ FlywheelPhase: name });
    show();
    const result = await work();
    done.push({ name, startedAt: began, endedAt: new Date().toISOString() });
    results[index] = tell(result);
    add(warningsIn(result));
    return result;
  }

  /** Those that are not there yet. */
  function add(found: readonly string[]): void {
    warn([...new Set([...warnings, ...found])]);
  }

  function warn(found: readonly string[]): void {
    warnings = found;
    current = { ...current, ...(found.length > 0 && { warnings }) };
    show();
  }

  setHandler(warning, (found) => add([found]), { description: 'What a part of the lap tells at once' });

  return {
    startedAt,
    phase,
    /** Adds what a person should look at. */
    add,
    /** Runs a phase that is a workflow of its own. */
    child: <Input extends { readonly opened: OpenedLap }, T>(
      name: Exclude<PhaseName, 'open'>,
      workflow: (input: Input) => Promise<T>,
      input: Input,
      staticSummary: string,
      tell: (result: T) => string,
    ): Promise<T> =>
      phase(
        name,
        () =>
          executeChild<(input: Input) => Promise<T>>(workflow, {
            workflowId: placeOf(input.opened.lap, name),
            args: [input],
            staticSummary,
            priority: inTurnOf(input.opened),
          }),
        tell,
      ),
    opened(opened: OpenedLap): void {
      const { lap, recipe } = opened;
      phases = ordersOf(opened).map(({ phase }) => phase);
      plan = opened.plan.phases;
      mending = opened.mending ?? [];
      current = { ...current, lap, phases: phases.length, plan, mends: opened.donors?.[0] };
      findBy({ FlywheelRun: runOf(lap), FlywheelLap: lap, FlywheelPreset: recipe.preset });
      add(opened.warnings ?? []);
    },
    /** What the report found that a person should look at. */
    warn,
    /** What a lap that mends another took over, in the end. */
    took(taken = ''): void {
      if (taken === '') return;
      mending = [taken, ...mending.slice(1)];
      show();
    },
    phases: (): readonly PhaseRecord[] => done,
  };
}

/** What a phase says of its sets, and of its training. */
function warningsIn(result: unknown): string[] {
  const { sets = [], warnings = [] } = (result ?? {}) as Partial<Pick<StageRecord, 'warnings'>> & {
    readonly sets?: readonly SetRecord[];
  };
  return [...sets.flatMap((set) => set.warning ?? []), ...warnings];
}

/** What the lap can be searched by from now on. */
function findBy(values: Partial<Record<SearchAttributeName, string>>): void {
  upsertSearchAttributes(
    Object.entries(values).map(([name, value]) => ({ key: defineSearchAttributeKey(name, 'KEYWORD'), value })),
  );
}
