import { html, type Markup } from '../../../reports/pages/markup.ts';
import { MAX_COMMENT } from '../../../shared/review/messages.ts';
import { RUBRIC, SCORE_TEXT, scored } from '../../../shared/review/rubric.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';
import type { Frame, QuestionView } from '../views.ts';
import { analysisCards } from './analysisCards.ts';
import { FIELDS } from './fields.ts';
import { csrfField, keyOf } from './frame.ts';
import { PATHS, type Action } from './paths.ts';

const SCORE_KEYS: Readonly<Record<Score, string>> = { 0: '0', 0.5: '5', 1: '1' };

/** What of a question's page a form of it is made from. */
type Asked = Pick<QuestionView, 'workflowId' | 'nonce' | 'typed'>;

/**
 * The form of a verdict: score, rationale, lines, doubts, and the issues of analyses, where there are any.
 * @param stage of the draft that a browser keeps: another one with the analyses in view.
 */
export function verdictForm(
  frame: Frame,
  view: QuestionView,
  action: Extract<Action, 'verdict' | 'adjudicate'>,
  stage: 'first' | 'again' | 'lead',
): Markup {
  const { typed = {} } = view;
  return html`<form method="post" action="${PATHS.act(view.workflowId, action)}" id="verdict" data-draft="${stage}">
    ${hiddenFields(frame, view)} ${action === 'adjudicate' ? folded(view) : analysisCards(view)}
    <fieldset class="field">
      <legend>${view.kind === 'scoreAnalysis' ? 'Quality of the analysis' : 'Score of the proof'}</legend>
      <div class="scores">${SCORES.map((score) => scoreChoice(view, score, typed[FIELDS.score]))}</div>
    </fieldset>
    <div class="field">
      <label for="comment">Rationale${keyOf('r')}</label>
      <textarea
        id="comment"
        name="${FIELDS.comment}"
        required
        maxlength="${MAX_COMMENT}"
        aria-describedby="comment-help"
        data-key="r"
      >
${typed[FIELDS.comment]}</textarea>
      <small id="comment-help"
        >Why this score: what fails or is missing, and where.<span class="scripted"
          >${keyOf('Esc')} leaves it.</span
        ></small
      >
    </div>
    <div class="field">
      <label for="lines">Lines of the proof it is about</label>
      <input
        type="text"
        id="lines"
        name="${FIELDS.lines}"
        value="${typed[FIELDS.lines]}"
        autocomplete="off"
        aria-describedby="lines-help"
      />
      <div class="chips scripted" id="chips"></div>
      <small id="lines-help"
        >If any, such as 3, 5-7.<span class="scripted">
          Or click a line;${keyOf('j')} and${keyOf('k')} go over lines,${keyOf('x')} points at one.</span
        ></small
      >
    </div>
    <label class="check"
      ><input
        type="checkbox"
        name="${FIELDS.uncertain}"
        value="yes"
        data-key="u"
        ${typed[FIELDS.uncertain] ? CHECKED : null}
      />
      I am uncertain${keyOf('u')}</label
    >
    <button class="strong">Submit <kbd class="scripted" aria-hidden="true">Ctrl Enter</kbd></button>
  </form>`;
}

/** For who decides by what the seats said. */
function folded(view: QuestionView): Markup | null {
  const cards = analysisCards(view);
  if (cards === null) return null;
  return html`<details>
    <summary>${view.kind === 'scoreAnalysis' ? 'The issues, one by one' : 'What analyses report'}</summary>
    ${cards}
  </details>`;
}

export const CHECKED = html`checked`;

function scoreChoice(view: QuestionView, score: Score, typed: string | undefined): Markup {
  return html`<label class="score">
    <input
      type="radio"
      name="${FIELDS.score}"
      value="${score}"
      required
      data-key="${SCORE_KEYS[score]}"
      ${typed === String(score) ? CHECKED : null}
    />
    <b>${SCORE_TEXT[score]}</b> <span>${RUBRIC[scored(view.kind)][score]}</span>${keyOf(SCORE_KEYS[score])}
  </label>`;
}

/** Whose page it is, and which. */
export const hiddenFields = (frame: Frame, { nonce }: Pick<Asked, 'nonce'>): Markup =>
  html`${csrfField(frame)}<input type="hidden" name="${FIELDS.nonce}" value="${nonce}" />`;

/** The form by which somebody says that the problem or its texts are faulty; folded, but where it was refused. */
export function flagForm(frame: Frame, view: Asked, confirms: boolean): Markup {
  const typed = view.typed?.[FIELDS.comment] === undefined ? view.typed?.[FIELDS.reason] : undefined;
  const isTyped = typed !== undefined && !['outOfMyDepth', 'tooLong'].includes(typed);
  return html`<details class="flag" data-key="f" ${isTyped ? html`open` : null}>
    <summary>${confirms ? 'The problem is faulty indeed' : 'The problem is faulty'}${keyOf('f')}</summary>
    <form method="post" action="${PATHS.act(view.workflowId, 'flag')}" data-draft="flag">
      ${hiddenFields(frame, view)}
      <label for="reason">What is wrong with it</label>
      <textarea id="reason" name="${FIELDS.reason}" required maxlength="${MAX_COMMENT}" aria-describedby="reason-help">
${isTyped ? typed : null}</textarea>
      <small id="reason-help"
        >${
          confirms
            ? 'A second person says so: the question is closed without a score.'
            : 'Of the problem or the texts, not of the proof. A second person is asked, and the lead sees it.'
        }</small
      >
      <button>Flag</button>
    </form>
  </details>`;
}
