import { lostOf } from '../../shared/figures/losses.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { bounds, decimal, percent, readable, whole } from './format.ts';
import { html, type Markup } from './markup.ts';
import { list, plainTable } from './tables.ts';

const ROLES = { verify: 'verifier', metaVerify: 'meta-verifier' } as const;

/** What judges lost, by judge, role and set, and how far means and labels could move for it. */
export function lossSection({ losses: { maxLossShare, verdicts, rewards, labels, warnings } }: LapReport): Markup {
  const lost = verdicts.reduce((sum, each) => sum + lostOf(each), 0);
  const asked = verdicts.reduce((sum, each) => sum + each.asked, 0);
  return html`<h2>Verdicts lost</h2>
    <p>
      ${whole(lost)} of ${whole(asked)} verdicts were lost at the first attempt. To ask again, as trainings and labels
      do, favours the verdicts that are not lost; the bounds say what would be if every lost one had been 0, or every
      one 1. A training or a set of labels that loses more than ${percent(maxLossShare)} stops.
    </p>
    ${warnings.length === 0 ? null : list(warnings.map(({ about, text }) => html`<b>${about}</b>: ${text}.`))}
    ${
      asked === 0
        ? null
        : plainTable(
            ['where', 'judge', 'as', 'asked', 'unparseable', 'truncated', 'refused', 'lost', 'mean verdict', 'bounds'],
            verdicts.map((each) => [
              each.place,
              readable(each.judge),
              ROLES[each.task],
              each.asked,
              each.unparseable,
              each.truncated,
              each.refused,
              percent(each.share),
              decimal(each.mean?.value),
              bounds(each.mean),
            ]),
          )
    }
    ${
      rewards.length === 0
        ? null
        : plainTable(
            ['training', 'distinct samples', 'mean reward', 'bounds'],
            rewards.map((each) => [readable(each.stage), each.samples, decimal(each.value), bounds(each)]),
          )
    }
    ${
      labels.proofs === 0
        ? null
        : html`<p>
              Of ${whole(labels.proofs)} labels of phase 4, ${whole(labels.mayDiffer)} rest on verdicts that were asked
              again: another value of what was lost at first could have changed them.
            </p>
            ${plainTable(
              ['label', 'proofs, at least', 'at most'],
              Object.entries(labels.byLabel).map(([label, { least, most }]) => [label, least, most]),
            )}`
    }`;
}
