import type { StageWatch } from '../../shared/figures/hacking.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { AuditVerdict } from '../../shared/label/audit.ts';
import { decimal, readable, value, whole, withInterval } from './format.ts';
import { html, type Markup } from './markup.ts';
import { plainTable } from './tables.ts';

const VERDICTS: Readonly<Record<AuditVerdict, string>> = {
  shown: 'shown',
  notYetShown: 'not yet shown; used',
  below: 'less than asked for',
  notAudited: 'not audited; used',
};

/** What people's blind sample says of each label, where it decides. */
export function auditedLabels({ lap, labels: { audits, corrected = 0 } }: LapReport): Markup | null {
  const [first] = audits ?? [];
  if (audits === undefined || first === undefined) return null;
  const { goal } = first;
  const by = audits.some((audit) => audit.by === 'the program') ? 'the program' : 'people';
  const comes = (said: { readonly use: boolean } | undefined): string =>
    said === undefined ? '; held back' : said.use ? '; used, as a lead said' : '; held back, as a lead said';
  return html`<p>
      ${by === 'people' ? 'People' : 'The program'} scored, without the label, as many proofs of each label as the
      recipe asks. A label that is right in less than ${decimal(goal)} of them for certain trains nothing until a lead
      says so (<code>flywheel labels release ${lap} --score …</code>). ${whole(corrected)} audited proofs have that
      score instead of their label.
    </p>
    ${plainTable(
      ['label', 'proofs', 'audited', `${by} gave the same`, `at least ${decimal(goal)}`],
      audits.map(({ score, labels, precision, verdict, said }) => [
        String(score),
        labels,
        precision?.n ?? 0,
        withInterval(precision),
        VERDICTS[verdict] + (verdict === 'below' && (precision?.n ?? 0) < labels ? comes(said) : ''),
      ]),
    )}`;
}

/** What fewer contested proofs than in the lap before mean. */
export function trendText({ contestedTrend: trend }: Pick<LapReport, 'contestedTrend'>): Markup | null {
  if (trend === undefined) return null;
  return html`<p>${trendWords(trend)}.</p>`;
}

const MEANS = {
  mastery: 'audits support that the generator has mastered them',
  saturation: 'audits speak for a verifier that agrees with everything',
  notKnown: 'whether that is mastery or a verifier that agrees with everything is not known',
} as const;

export function trendWords({ contested: { a, b }, means, why }: NonNullable<LapReport['contestedTrend']>): string {
  return `Fewer proofs are contested than in the lap before (${value(b)} after ${value(a)}): ${MEANS[means]}: ${why}`;
}

/** Who judged is said: people's scores are never mixed with a checker's. */
export function peopleWatched(stages: readonly StageWatch[]): Markup | null {
  const asked = stages.flatMap(({ stage, people }) => (people ? [{ stage, ...people }] : []));
  if (asked.length === 0) return null;
  return html`<p>
      Proofs that a stage rewarded in its last steps, where people, or a program in their place, were asked to score
      them without the reward; in the same formula, weighed by how many of that reward there are. Then signs in the
      texts of all stages themselves.
    </p>
    ${plainTable(
      [
        'stage',
        'scored by',
        'got',
        'are worth',
        'of',
        'claim to be right',
        'were given 1',
        'imitate a verdict: first, last steps',
        'characters: first, last steps',
      ],
      asked.map(({ stage, by, rewards, claims, imitations, lengths }) => [
        readable(stage),
        rewards ? by : '–',
        value(rewards?.b),
        withInterval(rewards?.a),
        rewards?.a.n ?? '',
        value(claims?.b),
        withInterval(claims?.a),
        `${value(imitations.first)}, ${value(imitations.last)}`,
        `${characters(lengths.first)}, ${characters(lengths.last)}`,
      ]),
    )}`;
}

const characters = (spread: { readonly mean: number } | null): string =>
  spread === null ? '–' : whole(Math.round(spread.mean));
