import { readFileSync } from 'node:fs';
import type { MetricsLine } from '../../../shared/training/job.ts';
import type { LapWorld } from '../../lapWorld.ts';

/** What a lap took, as a table of Markdown: its steps before it, its phases, and what its trainings saw. */
export function figuresOf(world: LapWorld, lap: string, before: Readonly<Record<string, number>>): string {
  const { phases, sets, stages } = world.manifest(lap);
  const seconds = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / 1000);
  const rows = [
    ...Object.entries(before).map(([name, took]) => [name, `${Math.round(took)} s`, '', '', '', '']),
    ...phases.map(({ name, startedAt, endedAt }) => {
      const { asked, answered } = callsOf(sets.filter(({ phase }) => phase === name));
      const stage = stages.find((each) => each.name === name);
      const [line] = stage === undefined ? [] : stepsOf(world, stage.jobKey);
      return [
        name,
        `${seconds(startedAt, endedAt)} s`,
        asked > 0 ? `${answered} of ${asked}` : '',
        line === undefined ? '' : `${line.stepSeconds.toFixed(0)} s`,
        line?.reward.toFixed(2) ?? '',
        line?.flatGroupShare === undefined ? '' : (1 - line.flatGroupShare).toFixed(1),
      ];
    }),
  ];
  const head = ['', 'took', 'calls answered', 'step', 'reward', 'groups with spread'];
  return ['', ...[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`), ''].join('\n');
}

function callsOf(sets: ReturnType<LapWorld['manifest']>['sets']): { asked: number; answered: number } {
  const sum = (count: (set: (typeof sets)[number]) => number) => sets.reduce((all, set) => all + count(set), 0);
  const of = ({ counts }: (typeof sets)[number]) => Object.values(counts).reduce((all, each) => all + each, 0);
  return { asked: sum(of), answered: sum(({ counts }) => counts.answered) };
}

function stepsOf(world: LapWorld, jobKey: string): MetricsLine[] {
  const text = readFileSync(world.path('store', 'jobs', jobKey, 'metrics.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as MetricsLine);
}
