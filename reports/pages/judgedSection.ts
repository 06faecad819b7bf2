import type { Figure } from '../../shared/statistics/figure.ts';
import type { ByPeople, ClaimFigures, JudgedFigures } from '../../shared/figures/judged.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { aligned, change, decimal, signed, whole, withInterval } from './format.ts';
import { html, type Markup } from './markup.ts';
import { figureTable, plainTable, SCORES, type FigureRow } from './tables.ts';

export const EYES = "in the verifier's own eyes";
export const META_EYES = "in the meta-verifier's eyes";
export const nameOfPeople = ({ by }: ByPeople): string =>
  by === 'program' ? "by a blind sample, a program in people's place" : "by people's blind sample";

/** Before, between and after. */
function generatorRows({ verifier, people }: JudgedFigures): FigureRow[] {
  return [
    ...(verifier ? [{ name: EYES, figures: [verifier.before, verifier.afterPhase2, verifier.after] }] : []),
    ...(people ? [{ name: nameOfPeople(people), figures: [null, null, people.score] }] : []),
  ];
}

/** Before and after, each by who judged. */
function claimRows(name: string, before: ClaimFigures | null, after: ClaimFigures | null): FigureRow[] {
  const row = (what: string, of: (claims: ClaimFigures) => Figure) => ({
    name: `${what}, ${name}`,
    figures: [before && of(before), after && of(after)],
  });
  return [
    row('false among claims of 1', ({ falseClaims }) => falseClaims),
    row('self-score accuracy', ({ accuracy }) => accuracy),
    ...SCORES.map((score) => row(`mean score where it claims ${score}`, ({ calibration }) => calibration[score])),
  ];
}

function selfClaimRows({ verifier, people }: JudgedFigures): FigureRow[] {
  const share = (claims?: ClaimFigures | null): Figure => claims?.claimShare ?? null;
  return [
    {
      name: 'claims of 1 among all answers',
      figures: [share(verifier?.claimsBefore), share(verifier?.claimsAfter) ?? share(people?.claims)],
    },
    ...(verifier ? claimRows(EYES, verifier.claimsBefore, verifier.claimsAfter) : []),
    ...(people ? claimRows(nameOfPeople(people), null, people.claims) : []),
  ];
}

const qualityRows = ({ quality }: JudgedFigures): FigureRow[] =>
  quality
    ? [
        { name: META_EYES, figures: [quality.before, quality.after] },
        { name: "by people, of D_mv's analyses", figures: [quality.peopleBefore, quality.peopleAfter] },
      ]
    : [];

/** Who was asked, of whom, in sentences. */
function peopleText(people: ByPeople): string[] {
  const { asked, scored, flagged, verifierOver } = people;
  const who = people.by === 'program' ? "A program in people's place" : 'People';
  return [
    `${who} scored ${scored} of ${asked} proofs of the final generator, blind` +
      `${flagged > 0 ? `; ${flagged} were flagged` : ''}.`,
    "They were drawn at random within the verifier's scores, and correct its mean.",
    ...(verifierOver ? [`The verifier's mean score of these answers less theirs: ${signed(verifierOver)}.`] : []),
  ];
}

const verifierText = ({ by, verdictsPerProof, proofs, undecided, lost }: NonNullable<JudgedFigures['verifier']>) =>
  `This lap's verifier (${by.slice(0, 12)}…) judged ${whole(proofs)} distinct proofs, those of earlier laps' models ` +
  `too, by the majority of ${verdictsPerProof} analyses of each. ${whole(undecided)} had no majority and count by ` +
  `their mean; of ${whole(lost)} too few verdicts could be read.`;

/** Held-out answers by who judged them, and none of it is the truth. */
export function judgedSection({ judged, truth, truthBy, generator }: LapReport): Markup | null {
  if (judged === undefined) return null;
  const { verifier, people, quality } = judged;
  const { trueScoreBefore, trueScoreAfterPhase2, trueScoreAfter } = generator;
  const truths = { name: `truth, by ${truthBy}`, figures: [trueScoreBefore, trueScoreAfterPhase2, trueScoreAfter] };
  return html`<h2>Held-out answers, by who judged them</h2>
    <p>
      The verifier's and the meta-verifier's own eyes are no truth: models are trained to please them. What people say
      of a blind sample is one, within its interval. ${verifier ? verifierText(verifier) : null}
      ${people ? peopleText(people).join(' ') : null}
    </p>
    ${figureTable(
      ['before', 'after phase 2', 'after phase 3'],
      [
        ...generatorRows(judged),
        ...(truth === 'checker' ? [truths] : []),
        ...(verifier?.byTopic ?? []).map(({ topic, before, afterPhase2, after }) => ({
          name: `${topic}, ${EYES}`,
          figures: [before, afterPhase2, after],
        })),
      ],
    )}
    ${
      people &&
      plainTable(
        ["the verifier's score", 'distinct proofs', 'asked', 'scored', 'mean score by people'],
        people.strata.map((of) => [of.verifier || 'any', of.proofs, of.asked, of.scored, decimal(of.mean)]),
      )
    }
    <h3>What the generator claims of its own proofs</h3>
    ${figureTable(['before phase 3', 'after phase 3'], selfClaimRows(judged))}
    ${
      quality &&
      html`<h3>Quality of the verifiers' analyses</h3>
        <p>
          Of the held-out proofs, in the eyes of the frozen meta-verifier (${quality.by.slice(0, 12)}…), as in the paper
          (2.1); by people, of the analyses that they scored for D_mv, which were chosen to be unlike.
        </p>
        ${figureTable(['before', 'after'], qualityRows(judged))}`
    }`;
}

/** The same as lines for a terminal. */
export function judgedLines({ judged }: LapReport): string[] {
  if (judged === undefined) return [];
  const [first, ...claims] = selfClaimRows(judged);
  const rows = [
    ...generatorRows(judged).map(({ name, figures }) => ({
      name: `generator's score, ${name}`,
      figures: [figures[0], figures[2]],
    })),
    ...(first ? [first] : []),
    ...claims.filter(({ name }) => !name.startsWith('mean')),
    ...qualityRows(judged).map(({ name, figures }) => ({ name: `analysis quality, ${name}`, figures })),
  ].filter(({ figures }) => figures.some(Boolean));
  return [
    '',
    ...aligned([
      ['no truth: by who judged', 'before', 'after', ''],
      ...rows.map(({ name, figures: [before, after] }) => [
        name,
        withInterval(before),
        withInterval(after),
        change(before, after),
      ]),
    ]),
    ...(judged.people ? peopleText(judged.people) : []),
  ];
}
