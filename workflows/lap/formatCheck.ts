import type { OpenedLap } from '../../activities/laps/open.ts';
import { data } from '../proxies.ts';
import { place } from './place.ts';

/** Ours: asks the base in each of its roles, by worked examples, before anything is spent. */
export async function formatCheck({ opened }: { opened: OpenedLap }) {
  const { lap, recipe, base } = opened;
  const at = place(opened, 'formatCheck', { candidate: base });
  const asked = await data.writeFormatQuestions({ lap, recipe });
  await Promise.all(asked.map(({ task, rows }) => at.sample(task, rows, { mayFail: true })));
  const told = await data.checkFormats({ lap, recipe });
  return { sets: at.sets, told };
}
