import { html, type Markup } from '../../../reports/pages/markup.ts';
import { scored } from '../../../shared/review/rubric.ts';
import type { DisputedQuestion, Frame, LeadView, PersonLine } from '../views.ts';
import { buttonForm, framed, keyOf, moment } from './frame.ts';
import { PATHS } from './paths.ts';
import { flagsOf, seatsBeside } from './seats.ts';

/** What waits for a lead: disagreements beside each other, flags, and who has how many. */
export function leadPage(frame: Frame, { disagreements, flagged, people }: LeadView): Markup {
  const content = html`<h1>Lead</h1>
    <h2>Disagreements</h2>
    ${
      disagreements.length === 0
        ? html`<p class="quiet">None waits for your decision.</p>`
        : disagreements.map((question, index) => dispute(question, 'Decide', index === 0 ? 'n' : undefined))
    }
    <h2>Flagged as faulty</h2>
    ${
      flagged.length === 0
        ? html`<p class="quiet">Nothing is flagged.</p>`
        : flagged.map((question) => dispute(question, 'Look at it'))
    }
    <h2>People</h2>
    ${peopleTable(frame, people)}`;
  return framed(frame, 'Lead', content, { here: 'lead' });
}

function dispute(question: DisputedQuestion, action: string, key?: string): Markup {
  const { workflowId, kind, openedAt, seats, flags } = question;
  return html`<article class="dispute">
    <p>
      <a href="${PATHS.question(workflowId)}" data-key="${key}"
        >${action}: ${scored(kind) === 'proof' ? 'a proof' : 'an analysis'}</a
      >${keyOf(key)}
      <span class="quiet">asked ${moment(openedAt)} · <code>${workflowId}</code></span>
    </p>
    ${flagsOf(flags, true)} ${seatsBeside(seats, PATHS.question(workflowId))}
  </article>`;
}

function peopleTable(frame: Frame, people: readonly PersonLine[]): Markup {
  if (people.length === 0)
    return html`<p class="quiet">
      Nobody was made yet: <code>flywheel annotators</code> makes people and their tokens.
    </p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="People">
    <table>
      <thead>
        <tr>
          <th scope="col">Person</th>
          <th scope="col" class="number">Taken</th>
          <th scope="col" class="number">Answered, open</th>
          <th scope="col">Since</th>
          <th scope="col">Stands</th>
          <th scope="col"><span class="hidden">Change</span></th>
        </tr>
      </thead>
      <tbody>
        ${people.map((person) => personRow(frame, person))}
      </tbody>
    </table>
  </div>`;
}

function personRow(frame: Frame, person: PersonLine): Markup {
  const { id, isLead, isPaused, isRevoked, claimed, answered, since } = person;
  const stands = isRevoked ? 'revoked' : [isLead ? 'lead' : '', isPaused ? 'paused' : ''].filter(Boolean).join(', ');
  const change = isPaused ? 'resume' : 'pause';
  return html`<tr>
    <th scope="row">${id}</th>
    <td class="number">${claimed}</td>
    <td class="number">${answered}</td>
    <td>${moment(since)}</td>
    <td>${stands}</td>
    <td>
      ${
        isRevoked
          ? null
          : buttonForm(
              frame,
              PATHS.pause(id, change),
              html`${isPaused ? 'Let go on' : 'Pause'}<span class="hidden"> ${id}</span>`,
              { kind: 'plain' },
            )
      }
    </td>
  </tr>`;
}
