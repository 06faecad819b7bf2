import { html, type Markup } from '../../../reports/pages/markup.ts';
import { SCORE_TEXT, scored } from '../../../shared/review/rubric.ts';
import type { Frame, QuestionView } from '../views.ts';
import { FIELDS } from './fields.ts';
import { buttonForm, framed, moment } from './frame.ts';
import { PATHS } from './paths.ts';
import { flagForm, verdictForm } from './scoring.ts';
import { flagsOf, seatsBeside } from './seats.ts';
import { typeset } from './typeset.ts';

/**
 * One question: its texts, the lines of the proof numbered, beside what its reader is asked. It shows what the view
 * has, and of the question's origin nothing: all kinds of questions about proofs look alike.
 */
export function questionPage(frame: Frame, view: QuestionView): Markup {
  const { problem, proof, analysis, kind } = view;
  const content = html`<header class="asked">
      <h1>Score the ${scored(kind)}</h1>
      <p class="quiet">
        <span>${problem.topic === '' ? null : `${problem.topic} · `}${deadlineText(view)}</span>
        <a class="down" href="#answer">To the score</a>
      </p>
    </header>
    <div class="${hasCards(view) ? 'desk analysed' : 'desk'}">
      <article class="reading">
        <section class="problem" aria-labelledby="problem">
          <h2 id="problem">Problem</h2>
          ${typeset(problem.statement)}
        </section>
        <section aria-labelledby="proof">
          <h2 id="proof">Proof</h2>
          <div id="lines-of-proof">${typeset(proof, 'L')}</div>
        </section>
        ${
          kind === 'scoreAnalysis' && analysis !== undefined
            ? html`<section aria-labelledby="analysis">
                <h2 id="analysis">Analysis</h2>
                ${typeset(analysis)}
              </section>`
            : null
        }
      </article>
      <section class="answer" id="answer" aria-label="Your answer" tabindex="-1">
        ${flagsOf(view.flags, view.seats !== undefined)} ${answerOf(frame, view)}
      </section>
    </div>`;
  const title = problem.topic === '' ? 'Question' : `Question, ${problem.topic}`;
  return framed(frame, title, content, { isWide: true, hasFormulas: true });
}

const hasCards = ({ kind, analyses, seats }: QuestionView): boolean =>
  kind === 'scoreAnalysis' || (analyses !== undefined && analyses.length > 0) || seats !== undefined;

function deadlineText({ deadline, isLate, isCarried }: QuestionView): Markup {
  if (isCarried) return html`<span class="late">late: what is said now joins the next lap</span>`;
  return isLate
    ? html`<span class="late">was wanted by ${moment(deadline)}, and is waited for</span>`
    : html`wanted by ${moment(deadline)}`;
}

function answerOf(frame: Frame, view: QuestionView): Markup {
  if (view.closed !== undefined)
    return html`<p class="closed">${view.closed}</p>
      ${next(frame)}`;
  if (view.seats !== undefined) return decision(frame, view, view.seats);
  switch (view.mine) {
    case 'none':
      return html`<p>Read it, and take it to answer: a seat is kept for you.</p>
        ${actionForm(frame, view, 'claim', 'Take the question', 't', 'strong')}`;
    case 'claimed':
      return html`${lease(view)} ${verdictForm(frame, view, 'verdict', 'first')} ${instead(frame, view)}`;
    case 'scoredOnce':
      return html`<p>
          ${given(view)} Here is what analyses of the proof report. Look which of it is real, and score again, the same
          or changed.
        </p>
        ${verdictForm(frame, view, 'verdict', 'again')}
        <div class="instead">${undo(frame, view)} ${flagForm(frame, view, view.flags.length > 0)}</div>`;
    case 'answered':
      return html`<p>${given(view)} Until the question is closed you can take it back.</p>
        <div class="row">${next(frame)} ${undo(frame, view)}</div>`;
    case 'flagged':
      return html`<p>You flagged it: a second person, or the lead, is asked about it.</p>
        <div class="row">${next(frame)} ${undo(frame, view)}</div>`;
  }
}

/** A lead's: what the seats said beside each other, and the word that decides. */
function decision(frame: Frame, view: QuestionView, seats: NonNullable<QuestionView['seats']>): Markup {
  return html`<h2 class="first">What was said</h2>
    ${seatsBeside(seats)}
    <h2>Your decision</h2>
    ${verdictForm(frame, view, 'adjudicate', 'lead')}
    <div class="instead">${flagForm(frame, view, view.flags.length > 0)}</div>`;
}

const lease = ({ leaseUntil }: QuestionView): Markup | null =>
  leaseUntil === undefined ? null : html`<p class="quiet">Kept for you until ${moment(leaseUntil)}.</p>`;

function given({ given }: QuestionView): Markup {
  if (given === undefined) return html`You have scored it.`;
  return html`You gave ${SCORE_TEXT[given.score]}${given.comment === undefined ? '.' : html`: “${given.comment}”`}`;
}

/** What else to do about a question than to score it. */
function instead(frame: Frame, view: QuestionView): Markup {
  const giveBack = (reason: 'outOfMyDepth' | 'tooLong', text: string, key: string) =>
    actionForm(
      frame,
      view,
      'give-back',
      text,
      key,
      'usual',
      html`<input type="hidden" name="${FIELDS.reason}" value="${reason}" />`,
    );
  return html`<div class="instead">
    <p class="label" id="instead">Instead</p>
    <div class="row" role="group" aria-labelledby="instead">
      ${giveBack('outOfMyDepth', 'Out of my depth', 'd')} ${giveBack('tooLong', 'Too long for now', 'l')}
    </div>
    ${flagForm(frame, view, view.flags.length > 0)}
  </div>`;
}

const undo = (frame: Frame, view: QuestionView): Markup => actionForm(frame, view, 'withdraw', 'Undo', 'z');
const next = (frame: Frame): Markup => buttonForm(frame, PATHS.next, 'Next question', { key: 'n', kind: 'strong' });

function actionForm(
  frame: Frame,
  view: QuestionView,
  action: 'claim' | 'withdraw' | 'give-back',
  text: string,
  key: string,
  kind: 'strong' | 'usual' = 'usual',
  more?: Markup,
): Markup {
  const fields = html`<input type="hidden" name="${FIELDS.nonce}" value="${view.nonce}" />${more}`;
  return buttonForm(frame, PATHS.act(view.workflowId, action), text, { key, kind, fields });
}
