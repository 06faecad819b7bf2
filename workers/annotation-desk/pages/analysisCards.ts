import { html, type Markup } from '../../../reports/pages/markup.ts';
import type { ShownAnalysis } from '../../../shared/records.ts';
import { issuesOf } from '../../../shared/review/issues.ts';
import { MAX_OVERRIDE } from '../../../shared/review/judgedAnalyses.ts';
import { SCORE_TEXT } from '../../../shared/review/rubric.ts';
import { SCORES } from '../../../shared/scores.ts';
import type { QuestionView } from '../views.ts';
import { FIELDS, type Sent } from './fields.ts';
import { keyOf } from './frame.ts';
import { typeset } from './typeset.ts';

/** The analyses of a question as cards: each issue real or not, and the quality that follows. */
export function analysisCards(view: QuestionView): Markup | null {
  const { analysis, analyses, typed = {} } = view;
  if (view.kind === 'scoreAnalysis' && analysis !== undefined)
    return html`<input type="hidden" name="${FIELDS.isQuality}" value="yes" />${card(analysis, 0, typed, true, null)}`;
  if (analyses === undefined || analyses.length === 0) return null;
  return html`${analyses.map((shown, index) => card(shown.analysis, index, typed, false, saidBy(shown)))}`;
}

/** What an analysis, and its assessments, say of themselves. */
function saidBy({ score, assessed, confirmed }: ShownAnalysis): Markup {
  const confirmations = assessed === 0 ? '' : `; ${confirmed} of ${assessed} assessments confirm it`;
  return html`<p class="quiet">Gives ${SCORE_TEXT[score]}${confirmations}.</p>`;
}

function card(analysis: string, index: number, typed: Sent, isOnly: boolean, said: Markup | null): Markup {
  const issues = issuesOf(analysis);
  const name = isOnly ? 'The issues it reports' : `Analysis ${index + 1}`;
  return html`<fieldset class="analysis field" data-analysis="${index}">
    <legend>${name}${index === 0 && issues.length > 0 ? keyOf('i') : null}</legend>
    <input type="hidden" name="${FIELDS.issues(index)}" value="${issues.length}" />
    ${said}
    ${
      isOnly
        ? null
        : html`<details>
            <summary>The whole analysis</summary>
            ${typeset(analysis)}
          </details>`
    }
    ${
      issues.length === 0
        ? html`<p class="quiet">It reports no issue: its quality depends on what it missed.</p>`
        : html`<ol class="issues">
            ${issues.map((issue, number) => issueCard(issue, index, number, typed))}
          </ol>`
    }
    <p class="follows scripted" aria-live="polite"></p>
    ${isOnly ? null : qualityChoice(index, typed)} ${issues.length === 0 ? null : overrideField(index, typed)}
  </fieldset>`;
}

function issueCard(issue: string, analysis: number, number: number, typed: Sent): Markup {
  const name = FIELDS.issue(analysis, number);
  const choice = (value: 'real' | 'notReal', text: string, key: string) =>
    html`<label class="choice"
      ><input
        type="radio"
        name="${name}"
        value="${value}"
        data-key-here="${key}"
        aria-describedby="${name}"
        ${typed[name] === value ? html`checked` : null}
      />
      ${text}${keyOf(key)}</label
    >`;
  return html`<li class="issue">
    <div class="text" id="${name}">${typeset(issue)}</div>
    <div class="row" role="radiogroup" aria-label="Issue ${number + 1} of analysis ${analysis + 1}">
      ${choice('real', 'Real', 'y')} ${choice('notReal', 'Not real', 'n')}
    </div>
  </li>`;
}

/** Where nothing is chosen, what follows from the issues. */
function qualityChoice(analysis: number, typed: Sent): Markup {
  const name = FIELDS.quality(analysis);
  return html`<div class="row" role="radiogroup" aria-label="Quality of analysis ${analysis + 1}">
    <span class="label">Quality</span>
    ${SCORES.map(
      (score) =>
        html`<label class="choice"
          ><input
            type="radio"
            name="${name}"
            value="${score}"
            ${typed[name] === String(score) ? html`checked` : null}
          />
          ${SCORE_TEXT[score]}</label
        >`,
    )}
  </div>`;
}

function overrideField(analysis: number, typed: Sent): Markup {
  const name = FIELDS.override(analysis);
  return html`<div class="override">
    <label for="${name}">Why another quality than follows from the issues</label>
    <input
      type="text"
      id="${name}"
      name="${name}"
      value="${typed[name]}"
      maxlength="${MAX_OVERRIDE}"
      autocomplete="off"
    />
  </div>`;
}
