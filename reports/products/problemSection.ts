import type { Evidence } from '../../shared/products/search.ts';
import { decimal, whole } from '../pages/format.ts';
import { html, type Markup } from '../pages/markup.ts';
import { plainTable } from '../pages/tables.ts';
import { endText, isRefined, spentText, statementOf, verdictsText, type Solved } from './solved.ts';
import type { Room } from './texts.ts';

/** Where a line of the results stands: from 1, and the file. */
export interface Source {
  readonly line: number;
  readonly uri: string;
}

/** A problem folded: its statement, the best proof with what was said of it, where that came from, and what it took. */
export async function problemSection(line: Solved, source: Source, room: Room): Promise<Markup> {
  const { id } = line.problem;
  const before = { asSource: room.asSource, leftOut: room.leftOut };
  // Where there is little room, they get of it in this order.
  const problem = await room.text(statementOf(line));
  const proof = line.best && (await room.text(line.best.proof));
  const said = line.best && (await evidenceOf(line.best, room));
  const isShort = room.asSource > before.asSource || room.leftOut > before.leftOut;
  return html`<details class="problem">
    <summary><b>${id}</b> <span class="quiet">${headline(line)}</span></summary>
    <div class="solved" id="p${source.line}">
      ${line.reason === undefined ? null : html`<p>${line.reason}.</p>`}
      <h3>Problem</h3>
      ${problem}
      <h3>${proof === null ? 'No proof' : 'Best proof'}</h3>
      ${proof === null ? null : html`<p class="quiet">${proofText(line)}</p>`} ${proof} ${said}
      ${isRefined(line) ? threadTable(line) : ancestryTable(line)} ${isRefined(line) ? null : roundTable(line)}
      <p class="quiet">
        ${spentText(line.spent)}.${
          isShort ? ` What is not set or left out here stands whole in ${source.uri}, line ${source.line}.` : ''
        }
      </p>
    </div>
  </details>`;
}

function headline(line: Solved): string {
  const score = isRefined(line)
    ? line.best && `self-score ${line.best.selfScore}`
    : line.best && `mean ${decimal(line.best.mean)}`;
  return [endText(line.end), score].filter(Boolean).join(' · ');
}

function proofText(line: Solved): string {
  if (line.best === null) return '';
  if (!isRefined(line))
    return `${line.best.id}, of round ${line.best.round}. Verdicts: ${verdictsText(line.best.verdicts)}.`;
  const { thread, iteration, selfScore, verdicts } = line.best;
  return (
    `Of thread ${thread + 1}, iteration ${iteration}, which gives it ${selfScore}. ` +
    `Verdicts of the verifier: ${verdictsText(verdicts)}.`
  );
}

async function evidenceOf(best: NonNullable<Solved['best']>, room: Room): Promise<Markup> {
  const own: readonly Said[] =
    'selfAnalysis' in best ? [{ by: 'Its own evaluation', score: best.selfScore, text: best.selfAnalysis }] : [];
  const analyses = best.evidence.map(({ score, analysis }: Evidence): Said => ({
    by: 'Analysis',
    score,
    text: analysis,
  }));
  const shown: (Markup | undefined)[] = [];
  for (const { by, score, text } of [...own, ...analyses]) {
    // The first of the analyses, which is the most critical, is there at least in part.
    const set = await (shown.length === own.length ? room.text(text) : room.perhaps(text));
    shown.push(
      set &&
        html`<h4>${by}, gives ${score}</h4>
          ${set}`,
    );
  }
  const issues = analyses.filter(({ score }) => score < 1).length;
  const missing = shown.filter((one) => one === undefined).length;
  return html`<details>
    <summary>
      ${analyses.length === 1 ? '1 analysis' : `${analyses.length} analyses`},
      ${issues === 0 ? 'none of which reports an issue' : `those that report issues first: ${issues}`}${missing > 0 ? `; ${missing} not shown` : ''}
    </summary>
    ${shown}
  </details>`;
}

interface Said {
  readonly by: string;
  readonly score: number;
  readonly text: string;
}

function ancestryTable({ ancestry }: Exclude<Solved, { threads: unknown }>): Markup | null {
  if (ancestry.length === 0) return null;
  return html`<details>
    <summary>Where it came from: ${ancestry.length} ${ancestry.length === 1 ? 'proof' : 'proofs'}</summary>
    ${plainTable(
      ['proof', 'round', 'mean', '1', '0.5', '0', 'not read', 'not asked'],
      ancestry.map(({ id, round, mean, verdicts }) => [
        id,
        round,
        decimal(mean),
        ...[verdicts['1'], verdicts['0.5'], verdicts['0'], verdicts.missing, verdicts.spared].map(whole),
      ]),
    )}
  </details>`;
}

function roundTable({ rounds }: Exclude<Solved, { threads: unknown }>): Markup | null {
  if (rounds.length === 0) return null;
  return html`<details>
    <summary>Its rounds</summary>
    ${plainTable(
      ['round', 'proofs', 'best mean of the round', 'of the pool', 'passed'],
      rounds.map(({ round, written, means, best, passed }) => [
        round,
        whole(written.answered),
        decimal(means[0]),
        decimal(best),
        whole(passed),
      ]),
    )}
  </details>`;
}

function threadTable({ threads, best }: Extract<Solved, { threads: unknown }>): Markup | null {
  const steps = best && threads[best.thread]?.steps;
  if (!steps) return null;
  return html`<details>
    <summary>Its thread: ${steps.length} ${steps.length === 1 ? 'iteration' : 'iterations'}</summary>
    ${plainTable(
      ['iteration', 'answer', 'proof', 'gives itself'],
      steps.map(({ iteration, outcome, proof, selfScore }) => [iteration, outcome, proof ?? '–', selfScore ?? '–']),
    )}
  </details>`;
}
