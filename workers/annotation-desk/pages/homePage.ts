import { html, type Markup } from '../../../reports/pages/markup.ts';
import { scored } from '../../../shared/review/rubric.ts';
import type { Frame, HomeView, QuestionLine } from '../views.ts';
import { buttonForm, framed, moment } from './frame.ts';
import { PATHS } from './paths.ts';

const PAUSED = html`<p>The lead has paused you: no further question is handed out until they let you go on.</p>`;

/** What waits for a person: what they have taken, what they could take, what they can take back. */
export function homePage(frame: Frame, view: HomeView): Markup {
  const { mine, waiting, next, said } = view;
  const isPaused = frame.person?.isPaused === true;
  const goOn = mine.length > 0 ? 'Go on' : 'Next question';
  const content = html`<h1>Questions</h1>
    ${isPaused ? PAUSED : null} ${mine.length > 0 ? [html`<h2>Yours</h2>`, lines(mine)] : null}
    ${
      mine.length > 0 || (waiting > 0 && !isPaused)
        ? html`<div class="go">${buttonForm(frame, PATHS.next, goOn, { key: 'n', kind: 'strong' })}</div>`
        : html`<p>Nothing waits for you now.</p>`
    }
    ${
      isPaused || waiting === 0
        ? null
        : html`<h2>Open to you</h2>
            <p class="quiet">
              ${waiting === 1 ? 'One question' : `${waiting} questions`}${
                waiting > next.length ? `, of which the first ${next.length}` : null
              }.
            </p>
            ${lines(next)}`
    }
    ${
      said.length === 0
        ? null
        : html`<h2>Answered, and still open</h2>
            <p class="quiet">Until a question is closed you can take back what you said to it.</p>
            ${lines(said)}`
    }`;
  return framed(frame, 'Questions', content, { here: 'home' });
}

function lines(questions: readonly QuestionLine[]): Markup {
  return html`<ul class="questions">
    ${questions.map(
      (question) =>
        html`<li>
          <a href="${PATHS.question(question.workflowId)}">${nameOf(question)}</a>
          <span class="quiet">${standing(question)}</span>
          <span class="quiet when ${question.isLate ? 'late' : null}"
            >${question.isLate ? 'was wanted by' : 'wanted by'} ${moment(question.deadline)}</span
          >
        </li>`,
    )}
  </ul>`;
}

const nameOf = ({ kind, topic }: QuestionLine) =>
  `${scored(kind) === 'proof' ? 'A proof' : 'An analysis'}${topic === undefined || topic === '' ? '' : `, ${topic}`}`;

function standing({ mine, leaseUntil }: QuestionLine): Markup | null {
  switch (mine) {
    case 'none':
      return null;
    case 'claimed':
      return leaseUntil === undefined ? html`taken` : html`kept for you until ${moment(leaseUntil)}`;
    case 'scoredOnce':
      return html`scored once; the analyses are to be looked at`;
    case 'answered':
      return html`scored`;
    case 'flagged':
      return html`flagged`;
  }
}
