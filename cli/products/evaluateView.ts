import { duration, whole } from '../../reports/pages/format.ts';
import { short } from '../../shared/cost/planText.ts';
import type { EvaluatedSet, EvaluateProgress } from '../../shared/products/evaluationInput.ts';
import { outageText } from '../lap/progressView.ts';
import { Pace } from './pace.ts';
import type { SetsUnderWay } from './setsUnderWay.ts';

/** Says in a line how far an `evaluate` is, each time that it is asked. */
export function evaluationLine() {
  const pace = new Pace();
  return ({ sets, isReporting }: EvaluateProgress, underWay: SetsUnderWay, nowMs: number): string => {
    if (isReporting) return 'Reading what came, and writing the report';
    if (sets.length === 0) return 'Reading the rows';
    const told = sets.reduce((sum, { calls }) => sum + calls, 0);
    const { calls, perSecond } = pace.see(nowMs, { calls: told + underWay.calls, tokens: underWay.tokens });
    const asking = sets.filter(({ state }) => state === 'asking');
    const left = asking.reduce((sum, set) => sum + set.most - set.calls, 0) - underWay.calls;
    return [
      ...(asking.length > 0 ? asking : sets.slice(-1)).map(setText),
      outageText(underWay, nowMs),
      `${whole(calls)} calls`,
      perSecond && perSecond.calls > 0
        ? `${short(perSecond.calls)} a second, at most ${duration(Math.max(0, left) / perSecond.calls)} left`
        : '',
    ]
      .filter(Boolean)
      .join(' · ');
  };
}

const setText = ({ what, rows, rowsDone, most }: EvaluatedSet): string =>
  `${what}: ${whole(rowsDone)} of ${whole(rows)} rows, at most ${whole(most)} calls`;
