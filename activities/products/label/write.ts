import { uri, type Place } from '../../../shared/ids.ts';
import { policyOf } from '../../../shared/label/policies.ts';
import { GOAL, OPTIONS_OF_LABEL, precisionWarning } from '../../../shared/label/precision.ts';
import { spentIn, type Spent } from '../../../shared/products/caps.ts';
import {
  verdictsOf,
  type ByLabel,
  type LabelledProof,
  type LabelReport,
  type LabelResult,
  type OpenedLabel,
  type PeoplesWord,
} from '../../../shared/products/labels.ts';
import { pricesOf } from '../../../shared/products/models.ts';
import { modelKey, type ArtifactRef, type DatasetRef } from '../../../shared/records.ts';
import type { LabelCounts } from '../../../shared/sampling/sets.ts';
import { isCapped } from '../../../shared/label/decided.ts';
import { labelsById } from '../../sets/outcomes.ts';
import { spentBelow } from '../../sets/spent.ts';
import { inBlocks } from '../../store/lines.ts';
import { madeBy } from '../../store/made.ts';
import type { ArtifactStore } from '../../store/types.ts';
import { filledFirst, lineOf, type Column } from '../../tables/columns.ts';
import { parquetFile } from '../../tables/parquetFile.ts';
import { EVIDENCE_COLUMNS, labelColumns, reasonOf, type EvidenceLine } from './columns.ts';
import { decideProofs, type Decided, type DecidedProof } from './decide.ts';
import { peoplesWords } from './people.ts';

/** What all files of a `label` say of how they were made. */
export type LabelBase = Pick<
  LabelReport,
  'name' | 'input' | 'policy' | 'waves' | 'verifier' | 'metaVerifier' | 'prompts' | 'seed' | 'relabelled'
>;

/** What a `label` has written, but for its page. */
export type WrittenLabels = Omit<LabelResult, 'place' | 'page' | 'people'> & Pick<LabelReport, 'people'>;

/** Decides all proofs of a `label` from its stored decisions, and keeps what each rests on. */
export async function decideLabels(
  store: ArtifactStore,
  { opened, decisions }: { opened: OpenedLabel; decisions: DatasetRef },
): Promise<Decided> {
  const rows = await labelsById(store, decisions);
  const { place, labelling } = opened;
  return decideProofs(store, {
    from: place,
    to: place,
    policy: policyOf(labelling),
    decide: (id) => {
      const row = rows.get(id);
      if (row === undefined) throw new Error(`Expected a decision on ${id} in ${decisions.uri}, got none`);
      return row;
    },
    counts: ({ unused }) => unused !== true,
  });
}

/** Writes all files of a `label`, with what people have said by now. */
export async function writeLabels(
  store: ArtifactStore,
  input: { opened: OpenedLabel; decided: Decided; warnings: readonly string[] },
): Promise<WrittenLabels> {
  const { opened, decided, warnings } = input;
  const { place, name, prompts, seed, labelling, proofs, verifier, metaVerifier } = opened;
  const policy = policyOf(labelling);
  const base: LabelBase = {
    name,
    input: { uri: proofs.uri, sha256: proofs.sha256 },
    policy,
    waves: labelling.waves,
    verifier: modelKey(verifier.ref),
    metaVerifier: policy.metaAnalysesPerAnalysis === 0 ? null : modelKey(metaVerifier.ref),
    prompts,
    seed,
  };
  const prices = pricesOf([verifier, metaVerifier]);
  const spent = spentIn((await spentBelow(store, place)).kinds, prices);
  return writeFiles(store, { place, from: place, base, decided, spent, warnings });
}

interface Files {
  readonly place: Place;
  /** Whose people were asked. */
  readonly from: Place;
  readonly base: LabelBase;
  readonly decided: Decided;
  readonly spent: Spent;
  readonly warnings: readonly string[];
}

/** `labels.jsonl`, `labels.parquet`, `evidence.jsonl`, `contested.jsonl` and `report.json`. */
export async function writeFiles(store: ArtifactStore, files: Files): Promise<WrittenLabels> {
  const { place, from, base, decided } = files;
  const words = await peoplesWords(store, from);
  const made = madeBy('writeLabels', {
    proofs: base.input,
    verdicts: verdictsOf(from),
    'decided proofs': decided.proofs,
    people: [...new Set([...words.values()].map(({ setId }) => setId))].map((reviewId) => ({ reviewId })),
  });
  async function* labelled(): AsyncGenerator<LabelledProof & DecidedProof> {
    for await (const row of store.readJsonl<DecidedProof>(decided.proofs)) yield withLabel(row, words.get(row.id));
  }
  async function* evidence(): AsyncGenerator<EvidenceLine> {
    for await (const proof of labelled()) for (const analysis of proof.evidence) yield { ...analysis, proof };
  }
  const at = (file: string): string => uri.products(place, file);
  const columns = labelColumns(base);
  const rows = (): AsyncGenerator<LabelledProof> => filledFirst(columns, labelled);
  const [labels, evidenceRef] = [
    await writeTable(store, at('labels.jsonl'), columns, rows(), made),
    await writeTable(store, at('evidence.jsonl'), EVIDENCE_COLUMNS, filledFirst(EVIDENCE_COLUMNS, evidence), made),
  ];
  const parquet = await store.write(at('labels.parquet'), parquetFile(columns, rows()), made);
  const contested = await store.writeJsonl(at('contested.jsonl'), withoutLabel(labelled()), made);
  const report = await reportOf(files, labelled());
  await store.writeJson(at('report.json'), report, made);
  const { labels: byLabel, labelledBy, decisions, people, spent } = report;
  return { labels, parquet, evidence: evidenceRef, contested, byLabel, labelledBy, decisions, people, spent };
}

async function writeTable<Row>(
  store: ArtifactStore,
  at: string,
  columns: readonly Column<Row>[],
  rows: AsyncIterable<Row>,
  made: ReturnType<typeof madeBy>,
): Promise<DatasetRef> {
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const row of rows) {
      count += 1;
      yield lineOf(columns, row);
    }
  }
  const ref: ArtifactRef = await store.write(at, inBlocks(lines()), made);
  return { ...ref, rows: count };
}

/** People's word is about proofs without an automatic label; a faulty problem's proofs have none. */
function withLabel(row: DecidedProof, people: PeoplesWord | undefined): LabelledProof & DecidedProof {
  const { result } = people ?? {};
  const of = (label: LabelledProof['label'], labelledBy: LabelledProof['labelledBy']) => ({
    ...row,
    label,
    labelledBy,
    ...(people && { people }),
  });
  if (result?.kind === 'flagged') return of(null, 'nobody');
  if (result?.kind === 'scored') return of(result.score, result.source);
  return row.decision.kind === 'labelled' ? of(row.decision.score, 'auto') : of(null, 'nobody');
}

async function* withoutLabel(rows: AsyncIterable<LabelledProof>) {
  for await (const { id, problem, proof, label, decision, people, ...row } of rows)
    if (label === null)
      yield {
        id,
        problem,
        proof,
        decision: decision.kind,
        reason: reasonOf({ decision, people }),
        hardToVerify: row.hardToVerify,
        ...(people && { people: people.result.kind }),
      };
}

async function reportOf(files: Files, rows: AsyncIterable<LabelledProof>): Promise<LabelReport> {
  const { base, decided, spent, warnings } = files;
  const labels = noLabels();
  const topics = new Map<string, ReturnType<typeof noLabels> & { proofs: number }>();
  const problems = new Set<string>();
  const labelledBy = { auto: 0, expert: 0, program: 0, nobody: 0 };
  const decisions = { auto: 0, contested: 0, unresolved: 0, capped: 0 };
  const people = { asked: 0, scored: 0, flagged: 0, open: 0, expired: 0 };
  let proofs = 0;
  for await (const { problem, label, labelledBy: by, decision, people: word } of rows) {
    const name = label === null ? 'none' : (`${label}` as const);
    const topic = topics.get(problem.topic) ?? { ...noLabels(), proofs: 0 };
    topics.set(problem.topic, topic);
    proofs += 1;
    topic.proofs += 1;
    topic[name] += 1;
    labels[name] += 1;
    labelledBy[by] += 1;
    decisions[decision.kind === 'labelled' ? 'auto' : decision.kind] += 1;
    if (isCapped(decision)) decisions.capped += 1;
    problems.add(problem.id);
    if (word !== undefined) {
      people.asked += 1;
      people[word.result.kind] += 1;
    }
  }
  const { policy } = base;
  const lessRight = precisionWarning(policy, GOAL, OPTIONS_OF_LABEL);
  return {
    ...base,
    proofs,
    problems: problems.size,
    labels,
    labelledBy,
    decisions: decisions satisfies LabelCounts & { readonly capped: number },
    topics: [...topics].sort(([, a], [, b]) => b.proofs - a.proofs).map(([topic, of]) => ({ topic, ...of })),
    people,
    losses: decided.losses,
    calls: {
      analyses: decided.analyses,
      metaAnalyses: decided.metaAnalyses,
      most: proofs * policy.analysesPerProof * (1 + policy.metaAnalysesPerAnalysis),
    },
    spent,
    warnings: [...(lessRight === undefined ? [] : [lessRight]), ...warnings],
  };
}

const noLabels = (): { -readonly [Name in keyof ByLabel]: number } => ({ '0': 0, '0.5': 0, '1': 0, none: 0 });
