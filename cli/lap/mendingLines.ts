import type { ReadLap } from '../../activities/laps/read.ts';
import { readable } from '../../reports/pages/format.ts';

/** What a lap that mends another takes over and what it repeats, for a terminal. */
export function mendingLines({ failed, phases }: NonNullable<ReadLap['mends']>): string[] {
  const width = Math.max(...phases.map(({ phase }) => readable(phase).length));
  return [
    `It mends ${failed.donors.join(', which mended ')}. What comes out equal is taken over, and nothing else:`,
    ...phases.map(({ phase, does, text }) => `  ${readable(phase).padEnd(width)}  ${does}: ${text}`),
  ];
}
