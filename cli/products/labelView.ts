import type { ArtifactStore } from '../../activities/store/types.ts';
import { aligned, percent, whole } from '../../reports/pages/format.ts';
import type { Caps } from '../../shared/products/caps.ts';
import { LABELS, type LabelProgress, type LabelResult } from '../../shared/products/labels.ts';
import type { AutoLabelPolicy } from '../../shared/sampling/sets.ts';
import { config } from '../../temporal.config.ts';
import { outageText } from '../lap/progressView.ts';
import { Pace } from './pace.ts';
import type { SetsUnderWay } from './setsUnderWay.ts';

/** Says in a line how far a `label` is, each time that it is asked. */
export function labelLines({ analysesPerProof: n, metaAnalysesPerAnalysis: m }: AutoLabelPolicy, caps: Caps = {}) {
  const pace = new Pace();
  // The server lists questions a moment after they are asked.
  let listed = 0;
  return ({ step, proofs, labels, capped, asked }: LabelProgress, sets: SetsUnderWay, nowMs: number): string => {
    const decided =
      labels &&
      `${whole(labels.auto)} of ${whole(proofs)} labelled, ${whole(labels.contested)} contested` +
        (labels.unresolved > 0 ? `, ${whole(labels.unresolved)} unresolved` : '') +
        (capped ? ' (caps reached)' : '');
    const { calls, perSecond } = pace.see(nowMs, sets);
    listed = Math.max(listed, sets.questions ?? 0);
    const open = listed === 0 ? asked : (sets.questions ?? asked);
    const most = Math.min(caps.calls ?? Infinity, proofs * n * (1 + m));
    const parts = {
      'reads its input': [step],
      labels: [
        `${whole(proofs)} proofs`,
        outageText(sets, nowMs),
        `${whole(calls)} of at most ${whole(most)} calls`,
        perSecond === undefined ? '' : `${perSecond.calls.toFixed(1)} a second`,
      ],
      'waits for people': [
        decided,
        `${whole(open)} questions are open: people answer at ${config.desk.publicUrl}, or by \`flywheel review --as YOU\``,
      ],
      writes: [decided, step],
      'has ended': [decided],
    };
    return parts[step].filter(Boolean).join(' · ');
  };
}

/** Proofs without a label that are named; all are in the file. */
const SHOWN = 10;

interface Contested {
  readonly id: string;
  readonly reason: string;
  readonly people?: string;
}

type Told = Pick<
  LabelResult,
  'labels' | 'parquet' | 'evidence' | 'contested' | 'page' | 'byLabel' | 'labelledBy' | 'decisions' | 'people' | 'spent'
>;

/**
 * What a finished `label` came to, for a terminal and for programs.
 * @param isOwn whether the verdicts are its own.
 */
export async function labelledLines(store: ArtifactStore, result: Told, name: string, isOwn = true) {
  const { byLabel, labelledBy, decisions, people, spent } = result;
  const proofs = result.labels.rows;
  const files = Object.fromEntries(
    await Promise.all(
      (['labels', 'parquet', 'evidence', 'contested', 'page'] as const).map(async (file) => [
        file,
        await store.local(result[file].uri),
      ]),
    ),
  ) as Record<'labels' | 'parquet' | 'evidence' | 'contested' | 'page', string>;
  const contested = await contestedLines(store, result.contested);
  const { promptTokens, completionTokens } = spent.usage;
  const byPeople = labelledBy.expert + labelledBy.program;
  const lines = [
    ...aligned([
      ['label', 'proofs', 'share'],
      ...LABELS.map((label) => [label, whole(byLabel[label]), percent(byLabel[label] / proofs)]),
      ['none', whole(byLabel.none), percent(byLabel.none / proofs)],
    ]),
    '',
    `${whole(labelledBy.auto)} labelled automatically` +
      (byPeople > 0 ? `, ${whole(byPeople)} by people` : '') +
      `; ${whole(decisions.contested)} contested, ${whole(decisions.unresolved)} unresolved; ${whole(spent.calls)} ` +
      `calls, ${whole(promptTokens + completionTokens)} tokens` +
      (spent.cost === null ? '' : `, cost ${spent.cost.toFixed(2)}`),
    ...contested,
    ...(isOwn && decisions.capped > 0
      ? [`Caps reached: ${whole(decisions.capped)} proofs have no label for that; greater caps go on with them.`]
      : []),
    ...(people.open > 0
      ? [
          `${whole(people.open)} questions are open: people answer with \`flywheel review\` while a stack runs ` +
            '(`flywheel dev`); the same command takes up what they said.',
        ]
      : isOwn && byLabel.none > decisions.capped && people.asked === 0
        ? ['People can be asked about them: the same command with --ask.']
        : []),
    ...(isOwn ? [`Other rules of the same verdicts: \`flywheel relabel label/${name}\``] : []),
    `Labels:    ${files.labels}`,
    `           ${files.parquet}`,
    `Evidence:  ${files.evidence}`,
    `No label:  ${files.contested}`,
    `Page:      ${files.page}`,
  ];
  return { lines, json: { name, ...files, byLabel, labelledBy, decisions, people, spent } };
}

/** By why they have none. */
async function contestedLines(store: ArtifactStore, contested: LabelResult['contested']): Promise<string[]> {
  const reasons = new Map<string, string[]>();
  for await (const { id, reason, people } of store.readJsonl<Contested>(contested)) {
    const why = people === undefined || people === 'flagged' ? reason : `${reason}; ${people} to people`;
    reasons.set(why, [...(reasons.get(why) ?? []), id]);
  }
  return [...reasons].map(([reason, ids]) => {
    const more = ids.length > SHOWN ? ` and ${whole(ids.length - SHOWN)} more` : '';
    return `  ${whole(ids.length)} without a label, ${reason}: ${ids.slice(0, SHOWN).join(', ')}${more}`;
  });
}
