import { agreementText } from '../../../reports/pages/agreementSection.ts';
import { percent, signed, whole, withInterval } from '../../../reports/pages/format.ts';
import { html, type Markup } from '../../../reports/pages/markup.ts';
import { agreementRows } from '../../../shared/figures/expertAgreement.ts';
import type { PersonQuality } from '../../../shared/figures/expertQuality.ts';
import { PEOPLE_AGREE } from '../../../shared/figures/gold.ts';
import type { Frame, QualityView } from '../views.ts';
import { framed, moment } from './frame.ts';
import { PATHS } from './paths.ts';

/** What people's answers are worth and what they took, for leads alone. */
export function qualityPage(frame: Frame, view: QualityView): Markup {
  const { lap } = view;
  const content = html`<h1>Quality</h1>
    ${scopes(view)}
    <p class="quiet">
      ${lap === undefined ? 'Of all laps' : html`Of <code>${lap}</code>`}, as of ${moment(view.at)}. Intervals are at 95
      %. Nobody but leads sees this page.
    </p>
    ${countsSection(view)} ${agreementSection(view)} ${peopleSection(view)} ${auditSection(view)} ${hoursSection(view)}`;
  return framed(frame, 'Quality', content, { here: 'quality', isWide: true });
}

function scopes({ lap, laps }: QualityView): Markup | null {
  if (laps.length === 0) return null;
  const link = (name: string | undefined, text: string) =>
    name === lap
      ? html`<b aria-current="true">${text}</b>`
      : html`<a href="${PATHS.quality}${name === undefined ? '' : `?lap=${encodeURIComponent(name)}`}">${text}</a>`;
  return html`<nav aria-label="Laps">
    <p>${link(undefined, 'All')}${laps.map((name) => html` · ${link(name, name)}`)}</p>
  </nav>`;
}

function countsSection({ quality: { questions }, ageing }: QualityView): Markup {
  const { open, medianHours, oldestHours, pastDeadline } = ageing;
  return html`<h2>Questions</h2>
    ${table(
      'Questions',
      ['', 'Questions'],
      [
        ['Scored', whole(questions.scored)],
        ['of these decided by a lead', whole(questions.adjudicated)],
        ['Taken out as faulty', whole(questions.flagged)],
        ['Expired', whole(questions.expired)],
        ['Open', whole(open)],
        ['of these past their deadline', whole(pastDeadline)],
      ],
    )}
    ${
      open === 0
        ? null
        : html`<p>
            Open questions have waited ${waited(medianHours)} in the median, the oldest ${waited(oldestHours)}.
          </p>`
    }`;
}

/** Days from two on. */
function waited(hours: number | null): string {
  if (hours === null) return '–';
  if (hours >= 48) return `${Math.round(hours / 24)} days`;
  return hours >= 2 ? `${Math.round(hours)} hours` : `${Math.round(hours * 60)} minutes`;
}

function agreementSection({ quality: { agreement } }: QualityView): Markup {
  const { proofs, analyses } = agreement;
  if (proofs.questions + analyses.questions === 0)
    return html`<h2>How far people agree</h2>
      <p class="quiet">No question has the first scores of two people.</p>`;
  const ofAnalyses = agreementRows(analyses);
  return html`<h2>How far people agree</h2>
    <p>
      First scores of two people or more on one question, each given by themselves. α is 1 where all agree, 0 where they
      agree as chance would; where all scores are equal there is no variation to tell these apart.
    </p>
    ${table(
      'How far people agree',
      ['', 'Proofs', 'Analyses'],
      [
        ['Questions', whole(proofs.questions), whole(analyses.questions)],
        ['Pairs of scores', whole(proofs.pairs), whole(analyses.pairs)],
        ...agreementRows(proofs).map(({ name, figure }, index) => [
          name,
          agreementText(figure),
          agreementText(ofAnalyses[index]?.figure ?? { kind: 'noPairs' }),
        ]),
      ],
    )}`;
}

function peopleSection({ quality: { people, gold } }: QualityView): Markup {
  if (people.length === 0)
    return html`<h2>People</h2>
      <p class="quiet">Nobody has answered yet.</p>`;
  return html`<h2>People</h2>
    <p>
      Bias is how much higher than the others somebody scores the same questions, in the mean. Known answers are
      questions whose answers are known, mixed in
      unseen${gold === null ? ': none was answered' : html`: ${withInterval(gold)} of ${gold.n} answered as known`}.
    </p>
    ${table(
      'People',
      [
        'Person',
        'Scores',
        'Unsure',
        'With analyses',
        'Decisions',
        'Flags',
        'Given back',
        'Taken back',
        'Bias',
        'Known answers',
        'Hours',
      ],
      people.map((person) => [
        person.annotator,
        ...[person.scores, person.uncertain, person.assisted, person.decisions].map(whole),
        ...[person.flags, person.givenBack, person.takenBack].map(whole),
        biasOf(person),
        goldOf(person),
        hoursOf(person),
      ]),
    )}`;
}

const biasOf = ({ bias }: PersonQuality): string => (bias === null ? '–' : `${signed(bias)}, n ${whole(bias.n)}`);

function goldOf({ gold }: PersonQuality): Markup | string {
  if (gold === null) return '–';
  const text = `${withInterval(gold)}, n ${whole(gold.n)}`;
  return gold.high < PEOPLE_AGREE ? html`${text} <strong>below ${percent(PEOPLE_AGREE)}</strong>` : text;
}

const hoursOf = ({ hours, untimed }: PersonQuality): string =>
  hours.toFixed(1) + (untimed === 0 ? '' : `, and ${untimed} untimed`);

function auditSection({ quality: { auditError } }: QualityView): Markup {
  const audited = auditError.filter(({ wrong }) => wrong !== null);
  return html`<h2>Automatic labels against people</h2>
    ${
      audited.length === 0
        ? html`<p class="quiet">No automatic label was audited by people.</p>`
        : html`<p>Labelled proofs that people scored without seeing the label, and gave another score.</p>
            ${table(
              'Automatic labels against people',
              ['Label', 'Audited', 'Another score'],
              audited.map(({ label, wrong }) => [String(label), whole(wrong?.n ?? 0), withInterval(wrong)]),
            )}`
    }`;
}

/** Ours: weeks that a page shows. */
const WEEKS = 12;

function hoursSection({ quality: { weeks }, plan }: QualityView): Markup {
  const planned = plan && plan.people * plan.hoursPerWeek;
  return html`<h2>Hours</h2>
    <p>
      From claim to answer, at most for as long as a seat is
      kept.${
        plan
          ? html` The recipe of <code>${plan.lap}</code> counts on ${plan.people} people, ${plan.hoursPerWeek} hours a
              week each.`
          : ' No recipe says how many people there are, and for how many hours (experts.people, experts.hoursPerWeek).'
      }
    </p>
    ${
      weeks.length === 0
        ? html`<p class="quiet">No answer was timed yet.</p>`
        : table(
            'Hours',
            ['Week from', 'Hours', 'Planned', 'Of it', 'By'],
            weeks.slice(0, WEEKS).map(({ from, hours, by }) => [
              from,
              hours.toFixed(1),
              planned === undefined ? '–' : planned.toFixed(1),
              planned === undefined ? '–' : percent(hours / planned),
              Object.entries(by)
                .sort(([a], [b]) => (a < b ? -1 : 1))
                .map(([person, own]) => `${person} ${own.toFixed(1)}`)
                .join(', '),
            ]),
          )
    }`;
}

/** The first cell of a row is its head. */
function table(label: string, head: readonly string[], rows: readonly (readonly (string | Markup)[])[]): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
    <table class="figures">
      <thead>
        <tr>
          ${head.map((name, column) =>
            name === '' ? html`<td></td>` : html`<th scope="col" class="${column > 0 ? 'number' : ''}">${name}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...cells]) =>
            html`<tr>
              <th scope="row">${first}</th>
              ${cells.map((cell) => html`<td class="number">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
