/** One answer of a person. */
export interface AnsweredAt {
  readonly annotator: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * People's time from the moments of their answers: an answer takes as long as it comes after the same person's one
 * before; after a pause, or as the first, it takes the median. Ours: nobody is asked to keep the time.
 * @param pauseMinutes what lies further apart was not worked through.
 * @returns minutes of all; `perVerdict` is the median, null where no answer followed another.
 */
export function expertTime(
  answers: readonly AnsweredAt[],
  pauseMinutes: number,
): { minutes: number; perVerdict: number | null } {
  const gaps: number[] = [];
  const last = new Map<string, number>();
  for (const { annotator, at } of [...answers].sort((a, b) => a.at - b.at)) {
    const before = last.get(annotator);
    const minutes = before === undefined ? Infinity : (at - before) / 60_000;
    if (minutes <= pauseMinutes) gaps.push(minutes);
    last.set(annotator, at);
  }
  const perVerdict = median(gaps);
  const untimed = answers.length - gaps.length;
  return { minutes: gaps.reduce((sum, gap) => sum + gap, 0) + untimed * (perVerdict ?? 0), perVerdict };
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
