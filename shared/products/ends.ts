import type { FailureType } from '../failures.ts';
import type { SearchEnd } from './search.ts';

/** What one problem's calls or rows are to blame for, whatever became of the others. */
const OF_ONE_PROBLEM: readonly FailureType[] = ['BadRow', 'LedgerDamaged'];
/** What no other problem would fare better with: the whole product fails, and goes on from its ledgers. */
const OF_ALL: readonly FailureType[] = [
  'NoServer',
  'ModelMissing',
  'ModelServerFailed',
  'EngineNotConfigured',
  'BadSetInput',
  'InvalidProduct',
];

const isOneOf = (types: readonly FailureType[], type: string | undefined): boolean =>
  (types as readonly (string | undefined)[]).includes(type);

/** How a failure within a search ends it; undefined where it is not the problem's own. */
export function endOfFailure(type: string | undefined): SearchEnd | undefined {
  if (type === 'CapReached') return 'capped';
  return isOneOf(OF_ONE_PROBLEM, type) ? 'failed' : undefined;
}

/** Whether a search that failed leaves the others nothing to hope for. One that somebody ended by hand does not. */
export const isOfAll = (type: string | undefined): boolean => isOneOf(OF_ALL, type);
