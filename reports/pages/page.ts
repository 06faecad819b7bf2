import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { alikeText } from '../../shared/problems/held.ts';
import { duration, percent, readable, whole } from './format.ts';
import { html, type Markup } from './markup.ts';
import type { AnalysisSample, ContestedSample } from './samples.ts';
import { judgedSection } from './judgedSection.ts';
import { agreementSection } from './agreementSection.ts';
import { mendedSection } from './mended.ts';
import { goldSection, lateSection } from './lateSection.ts';
import { lossSection } from './lossSection.ts';
import { labelSection, ledgerSection, timeSection, trainingSection, watchSection } from './lapSections.ts';
import { generatorSection, selfVerificationSection, tiles, verifierSection } from './modelSections.ts';
import { testTimeSection } from '../products/testTimeSection.ts';
import { wholePage } from './style.ts';
import { list, plainTable } from './tables.ts';

interface PageInput {
  readonly report: LapReport;
  readonly manifest: LapManifest;
  readonly contested?: ContestedSample | undefined;
  readonly analysis?: AnalysisSample | undefined;
}

/** Longer texts are cut in the page; they are whole in the store. */
const SHOWN_CHARACTERS = 4000;

/**
 * The lap's report as one file: no script, nothing loaded, and a policy in its head that forbids both. Equal inputs
 * give equal bytes.
 */
export function reportPage({ report, manifest, contested, analysis }: PageInput): string {
  const title = `${report.lap} · lap report`;
  return wholePage(
    title,
    html`<h1>${report.lap}</h1>
      <p class="quiet">
        Preset ${report.preset}, seed ${report.seed}${report.parent ? `, after ${report.parent}` : ''}. Started
        ${utc(report.startedAt)}, took ${duration(report.wallSeconds)}. Truth: ${report.truthBy}.
      </p>
      ${mendedSection(report.mended)} ${report.warnings ? list(report.warnings.map((text) => html`⚠ ${text}.`)) : null}
      ${tiles(report)} ${verifierSection(report)} ${analysis ? analysisExample(analysis) : null}
      ${generatorSection(report)} ${selfVerificationSection(report)} ${judgedSection(report)}
      ${testTimeSection(report.testTime)} ${labelSection(report)} ${contested ? contestedExample(contested) : null}
      ${goldSection(report.gold)}${agreementSection(report.agreement)}${trainingSection(report)} ${watchSection(report)}
      ${lossSection(report)} ${lateSection(report)} ${timeSection(report)} ${ledgerSection(report)}
      ${footnotes(report, manifest)}`,
  );
}

const utc = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

/** A text of a model or a problem: quoted, never interpreted. */
function quoted(text: string): Markup {
  const shown =
    text.length > SHOWN_CHARACTERS
      ? `${text.slice(0, SHOWN_CHARACTERS)}\n… (${text.length - SHOWN_CHARACTERS} more characters)`
      : text;
  return html`<div class="text">${shown}</div>`;
}

/** What a model thought before its answer, folded: it may be long, and is no part of the answer. */
function thoughts({ thinking }: { readonly thinking?: string | undefined }): Markup | null {
  if (thinking === undefined) return null;
  return html`<details>
    <summary>thinking, ${whole(thinking.length)} characters</summary>
    ${quoted(thinking)}
  </details>`;
}

function analysisExample({ problem, proof, truth, v1, v2 }: AnalysisSample): Markup {
  return html`<h3>One proof, two analyses</h3>
    <p class="quiet">
      A held-out proof of true score ${truth}: none of the claims in v1's analysis is so; v2's are, and its score
      follows.
    </p>
    <div class="pair">
      <div><small>Problem</small>${quoted(problem.statement)}</div>
      <div><small>Proof of the base</small>${quoted(proof)}</div>
      <div><small>v1 gives ${v1.score}; quality ${v1.quality}</small>${thoughts(v1)}${quoted(v1.text)}</div>
      <div><small>v2 gives ${v2.score}; quality ${v2.quality}</small>${thoughts(v2)}${quoted(v2.text)}</div>
    </div>`;
}

function contestedExample({ problem, proof, truth, decision, verdicts }: ContestedSample): Markup {
  return html`<h3>One contested proof</h3>
    <p class="quiet">
      No label, because:
      ${decision.kind === 'labelled' ? '' : decision.reason}.${truth === null ? '' : ` Its true score is ${truth}.`}
    </p>
    <div class="pair">
      <div><small>Problem</small>${quoted(problem.statement)}</div>
      <div><small>Proof of the final generator</small>${quoted(proof)}</div>
    </div>
    <div class="verdicts">
      ${verdicts.map(
        ({ score, text, thinking, confirmations }) =>
          html`<div>
            <small
              >gives
              <span class="key">${score}</span
              >${confirmations.length > 0 ? `; its meta-assessments: ${confirmations.join(', ')}` : ''}</small
            >${thoughts({ thinking })}${quoted(text)}
          </div>`,
      )}
    </div>`;
}

function footnotes(report: LapReport, manifest: LapManifest): Markup {
  const read = Object.values(report.imitations).reduce((sum, { of }) => sum + of, 0);
  const imitations = Object.entries(report.imitations).filter(([, { found }]) => found > 0);
  const butForProgram =
    manifest.recipe.domain.experts === 'program' ? ', but for the program that answers in place of experts' : '';
  return html`<h2>What else</h2>
    <h3>Texts that imitate a verdict</h3>
    <p class="quiet">
      Section titles, key phrases or scored boxes where they do not belong. They are quoted as data, and never decide
      how another text is read.
    </p>
    ${
      imitations.length === 0
        ? html`<p>None in ${whole(read)} texts.</p>`
        : plainTable(
            ['where', 'found', 'of', ''],
            imitations.map(([where, { found, of }]) => [where, found, of, percent(found / of)]),
          )
    }
    ${
      report.notMeasured.length === 0
        ? null
        : html`<h3>Not measured</h3>
            ${list(report.notMeasured.map(({ figure, reason }) => html`<code>${figure}</code>: ${reason}`))}`
    }
    ${
      manifest.problems.leftOut === undefined
        ? null
        : html`<h3>Problems left out</h3>
            <p>${whole(manifest.problems.leftOut.rows)}, by name in <code>${manifest.problems.leftOut.uri}</code>.</p>`
    }
    ${
      manifest.problems.alike === undefined
        ? null
        : html`<h3>Near-equal problems</h3>
            <p>
              ${alikeText(manifest.problems.alike)}, each pair in one split or left out: listed by
              <code>flywheel problems pairs ${report.lap}</code>.
            </p>`
    }
    <h3>How the figures are made</h3>
    <ul>
      <li>
        A figure is Σ hits / Σ of; its 95 % interval is Wilson's at the number of observations that the variance between
        problems leaves.
      </li>
      <li>
        A failed call is no observation. A malformed or truncated answer counts as wrong in an accuracy and as 0 in a
        true score; what is read out of an analysis's text is over well-formed analyses.
      </li>
      <li>Truth comes from ${report.truthBy}. Nothing in training or labelling reads it${butForProgram}.</li>
      <li>All of it is recomputed from stored artifacts by <code>flywheel report ${report.lap} --json</code>.</li>
    </ul>
    <h3>Where it is</h3>
    ${plainTable(
      ['artifact', 'sha256'],
      [
        { uri: 'recipe', sha256: manifest.recipeSha256 },
        { uri: `prompts: ${manifest.prompts.name}`, sha256: manifest.prompts.sha256 },
        { uri: 'base', sha256: manifest.base.sha256 },
        ...manifest.stages.map(({ name, checkpoint: { sha256 } }) => ({ uri: readable(name), sha256 })),
        manifest.evaluation.proofs,
        ...(manifest.evaluation.analyses ? [manifest.evaluation.analyses] : []),
        manifest.proofScores.grown,
      ].map(({ uri, sha256 }) => [uri, `${sha256.slice(0, 16)}…`]),
    )}`;
}
