import * as assumed from '../../shared/cost/assumed.ts';
import { LEAST_HUMAN_SCORES } from '../../shared/statistics/figure.ts';
import type { GivenRows } from '../../shared/problems/given.ts';
import { clamp, n, type ProblemSizes, type Sizes } from './sizes.ts';

/** What people score in a lap, as the trainings need to know it. */
export interface PeopleSizes {
  readonly expertProofs: number;
  readonly expertAnalyses: number;
  /** Proofs that phase 4 labels. */
  readonly labelled: number;
}

/** Below these there is nothing to train and measure on. */
const LEAST_PROOFS = 8;
const LEAST_ANALYSES = 4;
/** Labels of one lap: more take days of an endpoint. */
const MOST_LABELS = 2_000;
const MOST_AUDITED = 0.1;
/** Held-out proofs that people score: an interval of ± 0.1 needs no more. */
const MOST_HELD_OUT = 100;

/**
 * Half of people's time goes to proofs, a quarter to analyses, a tenth to held-out proofs, the rest to labels; what a
 * set cannot use is left to the next, and so is what a team has no need of, since it brings its own.
 */
export function peopleSizes(sizes: Sizes, problems: ProblemSizes, given: GivenRows = {}): PeopleSizes {
  const time = timeOf(sizes);
  const { people } = time;
  const [perProof, perAnalysis] = [
    time.perQuestion * assumed.minutesOfVerdict('scoreProof').value,
    time.perQuestion * assumed.minutesOfVerdict('scoreAnalysis').value,
  ];
  const { metaVerification, given: brought, verifier } = sizes.asked;
  const isScored = brought === undefined && verifier === undefined;
  const isJudged = metaVerification && verifier === undefined && brought?.analyses === undefined;
  refuseTooLittle();

  const rows = (of: keyof typeof given): number => (given[of]?.train ?? 0) + (given[of]?.validation ?? 0);
  const { expertProofs, minutes } = isScored ? proofs() : { expertProofs: rows('proofs'), minutes: 0 };
  let left = time.minutes - minutes;

  const expertAnalyses = isJudged ? analyses() : rows('analyses');
  left -= isJudged ? expertAnalyses * perAnalysis : 0;
  left -= heldOutSample(sizes, problems, time) * perProof;
  return { expertProofs, expertAnalyses, labelled: labelSizes(sizes, problems, { ...time, left, expertProofs }) };

  function proofs(): { readonly expertProofs: number; readonly minutes: number } {
    const wanted = clamp(Math.floor(time.minutes / 2 / perProof), LEAST_PROOFS, Infinity);
    const asked = sizes.set(
      'coldStart.problems',
      Math.min(problems.pool, 2 * wanted),
      2 * wanted >= problems.pool
        ? `all ${n(problems.pool)} that train or validate`
        : `two for each of the ${n(wanted)} proofs that people score, of ${n(problems.pool)} that train or validate`,
    );
    const { refinementRounds } = sizes.asked.coldStart;
    const drafts = Math.min(asked, problems.pool) * (refinementRounds + 1);
    const perProblem = sizes.set(
      'coldStart.candidatesPerProblem',
      clamp(Math.ceil(wanted / drafts), 1, 4),
      `${n(Math.min(asked, problems.pool))} problems, written ${refinementRounds + 1} times, for ${n(wanted)} proofs ` +
        `to score`,
    );
    const expertProofs = sizes.set(
      'coldStart.expertProofs',
      Math.min(wanted, drafts * perProblem),
      wanted > drafts * perProblem
        ? `all ${n(drafts * perProblem)} drafts`
        : `half of ${people}, at ${n(perProof)} min a proof`,
    );
    return { expertProofs, minutes: Math.min(expertProofs, drafts * perProblem) * perProof };
  }

  function analyses(): number {
    const models = sizes.asked.metaData.baseShare > 0 ? 2 : 1;
    const share = clamp(Math.floor(left / 2 / perAnalysis), LEAST_ANALYSES, Infinity);
    const each = sizes.set(
      'metaData.analysesPerProof',
      clamp(Math.round(share / (expertProofs * models)), 1, 4),
      `${n(share)} analyses to score, of ${n(expertProofs)} proofs`,
    );
    const written = expertProofs * each * models;
    const reason =
      share > written ? 'all that are written' : `half of what is left of ${people}, at ${n(perAnalysis)} min`;
    return Math.min(written, sizes.set('metaData.expertAnalyses', Math.min(share, written), reason));
  }

  function refuseTooLittle(): void {
    const least =
      (isScored && sizes.given('coldStart.expertProofs') === undefined ? LEAST_PROOFS * perProof : 0) +
      (isJudged && sizes.given('metaData.expertAnalyses') === undefined ? LEAST_ANALYSES * perAnalysis : 0);
    if (time.minutes >= least) return;
    throw new Error(
      `Invalid lap input: experts.weeks: expected ${n(Math.ceil((least / 60) * 10) / 10)} hours of people at least, ` +
        `for ${LEAST_PROOFS} proofs and ${LEAST_ANALYSES} analyses with ${time.seats} answers each, got ${people}: ` +
        'give experts.people, hoursPerWeek or weeks more, or set experts.seats=1',
    );
  }
}

/** A tenth of people's time, where that is enough for an estimate. @returns proofs that people see. */
function heldOutSample(sizes: Sizes, { heldOut }: ProblemSizes, { minutes, perQuestion, people }: Time): number {
  const per = perQuestion * assumed.minutesOfVerdict('evaluateProof').value;
  const written = heldOut * sizes.asked.evaluation.proofsPerProblem;
  const within = Math.min(written, MOST_HELD_OUT, Math.floor((0.1 * minutes) / per));
  const reason = `${n(within)} that a tenth of ${people} is enough for, of ${n(written)} held-out proofs`;
  return sizes.set(
    'evaluation.humanProofs',
    within < LEAST_HUMAN_SCORES ? 0 : within,
    within < LEAST_HUMAN_SCORES ? `${reason}: an estimate takes ${LEAST_HUMAN_SCORES}` : reason,
  );
}

interface Time {
  readonly minutes: number;
  readonly seats: number;
  /** Answers to a question: its seats, and a lead's where they differ. */
  readonly perQuestion: number;
  /** In words. */
  readonly people: string;
}

function timeOf(sizes: Sizes): Time {
  const said = (field: string, value: number): number =>
    sizes.set(`experts.${field}`, value, 'assumed, as nobody said it: people’s hours size what they are asked');
  const people = said('people', 2);
  const hours = said('hoursPerWeek', 4);
  const weeks = said('weeks', 2);
  const seats = sizes.set(
    'experts.seats',
    Math.min(2, people),
    people === 1 ? 'there is one to answer' : 'two answer each question, a lead decides where they differ',
  );
  if (seats > people)
    throw new Error(
      `Invalid lap input: experts.seats: expected at most ${n(people)} (experts.people), got ${n(seats)}: questions ` +
        `would ` +
        'wait for people that there are not; leave seats to be derived',
    );
  const inWeeks = `${n(weeks)} week${weeks === 1 ? '' : 's'}`;
  sizes.set('experts.deadlineHours', Math.max(168, Math.ceil(weeks) * 168), `people have ${inWeeks} for a lap`);
  const total = people * hours * weeks;
  return {
    minutes: total * 60,
    seats,
    perQuestion: seats < 2 ? seats : seats + assumed.DISAGREEMENT.value,
    people: `${n(total)} hours of people (${n(people)} × ${n(hours)} a week × ${inWeeks})`,
  };
}

interface Left extends Time {
  /** Minutes that no other set takes. */
  readonly left: number;
  readonly expertProofs: number;
}

/** @returns how many proofs are labelled. */
function labelSizes(sizes: Sizes, { next }: ProblemSizes, time: Left): number {
  const { perQuestion, seats, people, expertProofs } = time;
  const { labelling, metaVerification, annotation, audit } = sizes.asked;
  const { analysesPerProof } = labelling;
  const minValidAnalyses = sizes.set(
    'labelling.minValidAnalyses',
    Math.min(analysesPerProof, Math.max(3, Math.round(analysesPerProof / 8))),
    `an eighth of ${n(analysesPerProof)} analyses, and 3 at least: by fewer a tenth of the zeros are wrong`,
  );
  const rule = { ...sizes.asked, labelling: { ...labelling, minValidAnalyses }, metaVerification };
  const { contestedShare } = assumed.labelling(rule).value;
  // Assisted, a seat scores twice; an audit is blind, and one score.
  const answers = annotation === 'assisted' ? perQuestion + seats : perQuestion;
  const per = answers * assumed.minutesOfVerdict('scoreContestedProof').value;
  const perAudit = perQuestion * assumed.minutesOfVerdict('auditLabel').value;
  // What both stages of the generator were rewarded for is audited first.
  const left = time.left - 2 * (audit?.rewardedProofs ?? 0) * perAudit;

  const wanted = Math.min(next, MOST_LABELS);
  const percent = `${n(Math.round(100 * contestedShare))} % contested`;
  // A fifth is kept for audits.
  const heard = Math.floor((0.8 * left) / per);
  const hearable = contestedShare === 0 ? wanted : Math.floor(heard / contestedShare);
  const within = Math.min(wanted, hearable);
  const given = sizes.given('labelling.proofs');
  const enough = given ?? Math.min(wanted, 2 * expertProofs);
  const contested = sizes.set<string>(
    'labelling.contested',
    annotation !== 'automatic' && (given === undefined ? within : hearable) >= enough ? 'ask' : 'carry',
    annotation === 'automatic'
      ? 'automatic labels have replaced people (annotation)'
      : `${n(Math.max(0, left / 60))} of ${people} are left for labels, at ${percent} and ${n(per)} min each`,
  );
  const asks = contested === 'ask' && annotation !== 'automatic';
  const proofs = asks ? Math.max(1, within) : wanted;
  const labelled = sizes.set(
    'labelling.proofs',
    proofs,
    proofs === wanted
      ? `one of each of the ${n(next)} problems to write proofs of` +
          (wanted < next ? `, and ${n(MOST_LABELS)} at most` : '')
      : `as many as people are left for, at ${percent}`,
  );
  sizes.set(
    'labelling.candidates',
    Math.max(labelled, Math.min(next, Math.ceil(1.5 * labelled))),
    `of ${n(next)} problems to write proofs of: where more are written than labelled, a first look finds the hardest`,
  );

  const automatic = labelled * (1 - contestedShare);
  const free = left - (asks ? Math.round(labelled * contestedShare) * per : 0);
  const audits = Math.max(0, Math.floor(free / perAudit));
  // Rounded down to a thousandth: a plan rounds the questions up.
  const share = Math.min(MOST_AUDITED, Math.floor((1000 * audits) / automatic) / 1000);
  sizes.set(
    'labelling.auditShare',
    audits === 0 ? 0 : share,
    audits === 0
      ? 'no time of people is left for audits'
      : `${n(Math.ceil(share * automatic))} of the automatic labels, unseen`,
  );
  return labelled;
}
