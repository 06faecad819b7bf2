import type { ArtifactStore } from '../../activities/store/types.ts';
import { expertQuality, lapsOfExperts } from '../../reports/figures/qualityFigures.ts';
import { ageingOf } from '../../shared/figures/expertQuality.ts';
import { prefixOf, uri } from '../../shared/ids.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { KnownReview } from './board.ts';
import type { QualityView } from './views.ts';

interface Looking {
  /** Open questions, as the board knows them. */
  readonly open: readonly KnownReview[];
  /** A lap or product; one that nobody has said anything of is none. @default all */
  readonly lap?: string | undefined;
  /** @default the time of the machine */
  readonly now?: number;
}

/**
 * What a lead's page of quality is made from. It reads every log of what it is asked about: some thousands take seconds,
 * so whoever calls it keeps the answer for a while.
 */
export async function qualityView(
  store: ArtifactStore,
  { open, lap: asked, now = Date.now() }: Looking,
): Promise<QualityView> {
  const laps = await lapsOfExperts(store);
  const lap = laps.find((one) => one === asked);
  const isOf = ({ setId }: KnownReview) => lap === undefined || setId.startsWith(prefixOf(lap));
  const ageing = ageingOf(
    open.filter(isOf).map(({ openedAt, progress: { deadline } }) => ({ openedAt, deadline })),
    now,
  );
  const plan = await planOf(store, lap === undefined ? laps : [lap]);
  return {
    ...(lap !== undefined && { lap }),
    laps,
    quality: await expertQuality(store, lap),
    ageing,
    ...(plan && { plan }),
    at: new Date(now).toISOString(),
  };
}

/** Of the last of these laps whose recipe says who there is. */
async function planOf(store: ArtifactStore, laps: readonly string[]): Promise<QualityView['plan']> {
  for (const lap of laps.toReversed()) {
    const { people, hoursPerWeek } = (await store.findJson<Pick<Recipe, 'experts'>>(uri.recipe(lap)))?.experts ?? {};
    if (people !== undefined && hoursPerWeek !== undefined) return { lap, people, hoursPerWeek };
  }
  return undefined;
}
