import { reasonOf } from '../../activities/products/label/columns.ts';
import type { DecidedProof } from '../../activities/products/label/decide.ts';
import { LABELS, type LabelReport, type PeoplesWord } from '../../shared/products/labels.ts';
import { percent, whole } from '../pages/format.ts';
import { html, type Markup } from '../pages/markup.ts';
import { mathematics, MATHEMATICS_STYLE, typesetterStyle } from '../pages/mathematics/index.ts';
import { pageFrame } from '../pages/style.ts';
import { list, plainTable } from '../pages/tables.ts';

/** Longer texts are cut in the page; they are whole in the files. */
const SHOWN_CHARACTERS = 6000;

export interface LabelPageInput {
  readonly report: LabelReport;
  /** Some proofs without a label, with what people said of them. */
  readonly contested: readonly (DecidedProof & { readonly people?: PeoplesWord | undefined })[];
  /** A proof of each label. */
  readonly labelled: readonly DecidedProof[];
}

/** What a `label` came to as one file: no script, nothing loaded. Equal inputs give equal bytes. */
export function labelPage({ report, contested, labelled }: LabelPageInput): string {
  const { head, foot } = pageFrame(`${report.name} · labels`, MATHEMATICS_STYLE + typesetterStyle());
  const content = html`<h1>${report.name}</h1>
    ${about(report)} ${report.warnings.length > 0 ? list(report.warnings.map((text) => html`⚠ ${text}`)) : null}
    ${tiles(report)} ${topics(report)} ${verdicts(report)} ${people(report)} ${withoutLabel(report, contested)}
    ${
      labelled.length === 0
        ? null
        : html`<h2>A proof of each label</h2>
            ${labelled.map((proof) => proofSection(proof, labelOf(proof)))}`
    }`;
  return `${head}${content.markup}${foot}`;
}

function about({ proofs, problems, policy, verifier, metaVerifier, seed, prompts, relabelled }: LabelReport): Markup {
  const { analysesPerProof: n, metaAnalysesPerAnalysis: m, minValidAnalyses: k, rule = 'lowest' } = policy;
  const judged = metaVerifier === null ? ', no meta-verification' : `, meta-analyses by ${metaVerifier}`;
  return html`<p class="quiet">
    ${whole(proofs)} proofs of ${whole(problems)} problems, by n = ${n} analyses, m = ${m} meta-analyses of each that
    reports an issue, k = ${k}, the ${rule} rule, confirmed from ${policy.confirmingMetaScore}. Analyses by
    ${verifier}${judged}; prompts ${prompts.name}, seed
    ${seed}.${relabelled === undefined ? '' : ` Decided again from the verdicts of ${relabelled}, without a call.`}
  </p>`;
}

const tile = (what: string, figure: string, note: string): Markup =>
  html`<div class="tile">
    <div class="what">${what}</div>
    <div class="figure">${figure}</div>
    <div class="note">${note}</div>
  </div>`;

function tiles({ labels, labelledBy, proofs, people: { asked } }: LabelReport): Markup {
  const byPeople = labelledBy.expert + labelledBy.program;
  return html`<div class="tiles">
    ${tile('Labelled automatically', percent(labelledBy.auto / proofs), `${whole(labelledBy.auto)} proofs`)}
    ${LABELS.map((label) => tile(`Label ${label}`, whole(labels[label]), percent(labels[label] / proofs)))}
    ${tile('By people', whole(byPeople), `${whole(asked)} asked about`)}
    ${tile('Without a label', whole(labels.none), percent(labels.none / proofs))}
  </div>`;
}

const topics = ({ topics: all }: LabelReport): Markup | null =>
  all.length < 2
    ? null
    : html`<h2>By topic</h2>
        ${plainTable(
          ['topic', 'proofs', ...LABELS.map((label) => `label ${label}`), 'none'],
          all.map(({ topic, proofs, none, ...of }) => [topic, proofs, ...LABELS.map((label) => of[label]), none]),
        )}`;

function verdicts({ calls, spent, losses, decisions: { capped } }: LabelReport): Markup {
  const asked = calls.analyses + calls.metaAnalyses;
  const { promptTokens, completionTokens } = spent.usage;
  return html`<h2>Verdicts</h2>
    <p>
      ${whole(calls.analyses)} analyses and ${whole(calls.metaAnalyses)} meta-analyses, ${percent(asked / calls.most)}
      of the most that n and m allow: no more than decide the label. ${whole(spent.calls)} calls,
      ${whole(promptTokens + completionTokens)} tokens${spent.cost === null ? '' : `, cost ${spent.cost.toFixed(2)}`}.
      ${losses === '' ? '' : `Lost at the first attempt: ${losses}.`}
      ${capped === 0 ? '' : `The caps were reached: ${whole(capped)} proofs have no label for that.`}
    </p>`;
}

function people({ people: { asked, scored, flagged, open, expired } }: LabelReport): Markup | null {
  if (asked === 0) return null;
  return html`<h2>People</h2>
    ${plainTable(
      ['', 'questions'],
      [
        ['asked', asked],
        ['scored', scored],
        ['problem found faulty', flagged],
        ['open', open],
        ['expired', expired],
      ],
    )}`;
}

function withoutLabel({ labels: { none } }: LabelReport, shown: LabelPageInput['contested']): Markup | null {
  if (none === 0) return null;
  const more = none > shown.length ? `${shown.length} of ${whole(none)}; all are in contested.jsonl.` : '';
  return html`<h2>Without a label</h2>
    <p class="quiet">${more}</p>
    ${shown.map((proof) => proofSection(proof, reasonOf(proof)))}`;
}

const labelOf = ({ decision }: DecidedProof): string =>
  decision.kind === 'labelled' ? `label ${decision.score}` : decision.kind;

function proofSection(proof: DecidedProof, says: string): Markup {
  const { id, problem, counts, evidence } = proof;
  const said = LABELS.map((score) => `${counts.said[score]} × ${score}`).join(', ');
  const missing = counts.said.missing === 0 ? '' : `, ${counts.said.missing} missing`;
  const confirmed = `confirmed: ${counts.confirmed['0']} × 0, ${counts.confirmed['0.5']} × 0.5`;
  return html`<h3>${id} (${problem.topic}): ${says}</h3>
    <p class="quiet">Analyses: ${said}${missing}; ${confirmed}.</p>
    ${typeset(problem.statement)} ${folded(`Proof, ${whole(proof.proof.length)} characters`, proof.proof)}
    ${evidence.map(({ score, confirmed: yes, assessed, text }) => {
      const word = assessed === 0 ? '' : `, confirmed by ${yes} of ${assessed}`;
      return folded(`An analysis that says ${score ?? 'nothing'}${word}`, text);
    })}`;
}

const folded = (title: string, text: string): Markup =>
  html`<details>
    <summary>${title}</summary>
    ${typeset(text)}
  </details>`;

function typeset(text: string): Markup {
  if (text.length <= SHOWN_CHARACTERS) return mathematics(text);
  return html`${mathematics(text.slice(0, SHOWN_CHARACTERS))}
    <p class="quiet">… ${whole(text.length - SHOWN_CHARACTERS)} more characters</p>`;
}
