import type { Derived } from '../../shared/lap/facts.ts';

/** What was derived, a line each: the field, its value, and what it follows from. */
export function derivedLines(derived: readonly Derived[]): string[] {
  const [fields, values] = [derived.map(({ field }) => field), derived.map(({ value }) => String(value))];
  const [wide, high] = [fields, values].map((cells) => Math.max(0, ...cells.map(({ length }) => length)));
  return derived.map(
    ({ reason }, index) => `${fields[index]?.padEnd(wide ?? 0)}  ${values[index]?.padStart(high ?? 0)}  ${reason}`,
  );
}

const TOLD = [
  'coldStart.problems',
  'coldStart.expertProofs',
  'metaData.expertAnalyses',
  'labelling.proofs',
  'sampling.prove.maxTokens',
  'sampling.verify.maxTokens',
];

/** The same in a sentence: the sizes that people notice first, and what was assumed. */
export function derivedSummary(derived: readonly Derived[]): string {
  const told = derived
    .filter(({ field }) => TOLD.includes(field))
    .map(({ field, value }) => `${field} ${String(value)}`);
  const assumed = derived.filter(({ reason }) => reason.includes('assumed')).length;
  return (
    `Sizes that follow from what you bring: ${[...told, `${derived.length} in all`].join(', ')}` +
    `${assumed === 0 ? '' : `, ${assumed} of them from what had to be assumed`}; \`flywheel plan\` gives the reasons.`
  );
}
