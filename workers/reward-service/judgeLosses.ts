import { countedIn, NO_VERDICTS_BY_TASK } from '../../shared/figures/losses.ts';
import type { Outcome } from '../../shared/outcomes.ts';

/**
 * First attempts at verdicts on a job's whole ledger, and who wants to know when they are more. What a judge refuses is
 * none of them: it is not asked again, and has a stated reward (`overlong`), or is unscorable.
 */
export class JudgeLosses {
  verdicts = NO_VERDICTS_BY_TASK;
  onCount: () => void = () => undefined;

  count(outcome: Outcome): void {
    if (outcome.kind === 'failed') return;
    this.verdicts = countedIn(this.verdicts, outcome);
    this.onCount();
  }
}
