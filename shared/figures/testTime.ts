import type { Searcher, SolveName } from '../lap/manifest.ts';
import type { RefinementFigures } from '../products/refinementFigures.ts';
import type { Figure } from '../statistics/figure.ts';
import type { SearchFigures } from '../products/searchFigures.ts';

/** What a model did at test time on held-out problems, with the lap's verifier (paper 3.3.2, 3.3.3). */
export interface TestTimeFigures {
  readonly name: SolveName;
  /** The base, or the final generator. */
  readonly model: Searcher;
  /** Checkpoint digests. */
  readonly generator: string;
  readonly verifier: string;
  /** One of the two, by what it was. */
  readonly search?: SearchFigures;
  /** How much more than the base the final generator gains from the search, in true score: from −2 to 2, paired. */
  readonly gainOverBase?: Figure;
  readonly refinement?: RefinementFigures;
  readonly calls: number;
  readonly tokens: number;
  /** Verdicts lost at the first attempt, of those asked for. */
  readonly verdicts: Readonly<Record<'asked' | 'lost', number>>;
}
