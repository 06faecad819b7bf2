import { agreementRows, type ExpertAgreement } from '../../shared/figures/expertAgreement.ts';
import type { Agreement } from '../../shared/statistics/closeness.ts';
import { withInterval, whole } from './format.ts';
import { html, type Markup } from './markup.ts';
import { plainTable } from './tables.ts';

/** `0.81 (0.70–0.89)`, or why there is none. */
export function agreementText(figure: Agreement): string {
  switch (figure.kind) {
    case 'measured':
      return withInterval(figure);
    case 'noVariation':
      return 'no variation';
    case 'noPairs':
      return '–';
  }
}

/** How far people agree; nothing where no question has two people's scores. */
export function agreementSection(agreement: ExpertAgreement | undefined): Markup | null {
  if (agreement === undefined) return null;
  return html`<h2>How far experts agree</h2>
    <p>
      First scores that two people or more gave a question, each by themselves. Intervals are a bootstrap's over
      questions, at 95 %; α is 1 where all agree and 0 where they agree as chance would, and where all scores are equal
      there is no variation to tell these apart.
    </p>
    ${agreementTable(agreement)}`;
}

export function agreementTable({ proofs, analyses }: ExpertAgreement): Markup {
  const rows = agreementRows(analyses);
  return plainTable(
    ['', 'proofs', 'analyses'],
    [
      ['questions', whole(proofs.questions), whole(analyses.questions)],
      ['pairs of scores', whole(proofs.pairs), whole(analyses.pairs)],
      ...agreementRows(proofs).map(({ name, figure }, index) => [
        name,
        agreementText(figure),
        agreementText(rows[index]?.figure ?? { kind: 'noPairs' }),
      ]),
    ],
  );
}

/** The same for a terminal. */
export function agreementLines(agreement: ExpertAgreement | undefined): string[] {
  if (agreement === undefined) return [];
  return (['proofs', 'analyses'] as const).flatMap((what) => {
    const { questions, alpha, same } = agreement[what];
    return questions === 0
      ? []
      : [
          `experts agree on ${what}: ${agreementText(same)} of pairs, α (ordinal) ${agreementText(alpha.ordinal)}, ` +
            `on ${questions} questions`,
        ];
  });
}
