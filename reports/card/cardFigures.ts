import type { LapReport } from '../../shared/figures/report.ts';
import type { CurvePoint } from '../../shared/products/refinementFigures.ts';
import type { SearchFigures } from '../../shared/products/searchFigures.ts';
import { withInterval } from '../pages/format.ts';
import { EYES, META_EYES, nameOfPeople } from '../pages/judgedSection.ts';
import { selfVerificationRows, verifierRows, type FigureRow } from '../pages/tables.ts';
import type { ExportedRole } from './cardFacts.ts';

/** Figures of one kind, side by side; the model of the card is the last column. */
export interface CardTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly FigureRow[];
}

const THIS = 'this model';

/** What a lap's report says of one of its models; tables without a figure are left out. */
export function cardTables(report: LapReport, role: ExportedRole): CardTable[] {
  return TABLES[role](report)
    .map((table) => ({ ...table, rows: table.rows.filter(({ figures }) => figures.some(Boolean)) }))
    .filter(({ rows }) => rows.length > 0);
}

const TABLES: Readonly<Record<ExportedRole, (report: LapReport) => CardTable[]>> = {
  generator: (report) => {
    const { turn, generator, judged, truthBy } = report;
    const { trueScoreOfBase, trueScoreBefore, trueScoreAfter, malformedBefore, malformedAfter, byDifficulty } =
      generator;
    const isFirst = turn === 1;
    const row = (
      name: string,
      base: FigureRow['figures'][0],
      before: FigureRow['figures'][0],
      after: FigureRow['figures'][0],
    ) => ({ name, figures: isFirst ? [before, after] : [base, before, after] });
    const { verifier, people } = judged ?? {};
    return [
      {
        title: `Proofs of the held-out problems, the truth by ${truthBy}`,
        columns: isFirst ? ['base', THIS] : ['base', "parent lap's", THIS],
        rows: [
          row('true score', trueScoreOfBase, trueScoreBefore, trueScoreAfter),
          ...byDifficulty.map((band) =>
            row(`difficulty ${band.difficulty}`, null, band.trueScoreBefore, band.trueScoreAfter),
          ),
          row('malformed answers', null, malformedBefore, malformedAfter),
        ],
      },
      {
        title: 'Proofs of the held-out problems, by judges that are no truth',
        columns: ['before the lap', THIS],
        rows: [
          ...(verifier ? [{ name: `score, ${EYES}`, figures: [verifier.before, verifier.after] }] : []),
          ...(people ? [{ name: `score, ${nameOfPeople(people)}`, figures: [null, people.score] }] : []),
        ],
      },
      {
        title: `At test time, by ${report.truth === 'checker' ? truthBy : "its lap's verifier, which is no truth"}`,
        columns: ['base', THIS],
        rows: testTimeRows(report),
      },
      {
        title: 'What it says of its own proofs',
        columns: ['before phase 3', THIS],
        rows: [
          ...selfVerificationRows(report),
          ...(verifier
            ? [
                {
                  name: `false among claims of 1, ${EYES}`,
                  figures: [verifier.claimsBefore?.falseClaims, verifier.claimsAfter?.falseClaims],
                },
              ]
            : []),
          ...(people?.claims
            ? [{ name: `false among claims of 1, ${nameOfPeople(people)}`, figures: [null, people.claims.falseClaims] }]
            : []),
        ],
      },
    ];
  },

  verifier: (report) => {
    const { base, parent, v1, v2 } = report.verifier;
    const { labels, judged } = report;
    const [earlier, name] =
      v2 === null ? [base, 'base'] : parent === null ? [v1, 'verifier v1'] : [parent, "parent lap's"];
    const { quality } = judged ?? {};
    return [
      {
        title: `Analyses of the held-out proofs, the truth by ${report.truthBy}`,
        columns: [name, THIS],
        rows: verifierRows(report, [earlier, v2 ?? parent]),
      },
      {
        title: 'Automatic labels that it gave by votes, in its lap',
        columns: [THIS],
        rows: [
          { name: 'right labels', figures: [labels.precision] },
          { name: 'right by a blind audit of experts', figures: [labels.auditedPrecision] },
          { name: 'contested proofs', figures: [labels.contestedShare] },
          { name: 'right first verdicts on these proofs', figures: [labels.verdictAccuracy] },
        ],
      },
      {
        title: 'Quality of its analyses, by judges that are no truth',
        columns: ['before the lap', THIS],
        rows: quality
          ? [
              { name: META_EYES, figures: [quality.before, quality.after] },
              { name: "by people, of D_mv's analyses", figures: [quality.peopleBefore, quality.peopleAfter] },
            ]
          : [],
      },
    ];
  },

  metaVerifier: ({ metaVerifier: { accuracyBefore, accuracyAfter, constantBaseline }, truthBy }) => [
    {
      title: `Judgements of held-out analyses, the truth by ${truthBy}`,
      columns: ['before', THIS],
      rows: accuracyAfter
        ? [{ name: 'accuracy', figures: [accuracyBefore, accuracyAfter], constant: constantBaseline?.accuracy }]
        : [],
    },
  ],
};

/** Search and refinement, where the lap measured them. */
function testTimeRows({ testTime = [] }: LapReport): FigureRow[] {
  const both = (kind: 'search' | 'refinement') =>
    (['base', 'selfVerification'] as const).map((model) => testTime.find(({ name }) => name === `${kind}-${model}`));
  const search = (name: string, of: (figures: SearchFigures) => FigureRow['figures'][0]): FigureRow => ({
    name,
    figures: both('search').map((each) => each?.search && of(each.search)),
  });
  const refined = (name: string, of: (point: CurvePoint | undefined) => FigureRow['figures'][0]): FigureRow => ({
    name,
    figures: both('refinement').map((each) => of(each?.refinement?.judges[0]?.points.at(-1))),
  });
  return [
    search('one proof without search, true score', ({ oneShot }) => oneShot),
    search('best proof of a search, true score', ({ points }) => points.at(-1)?.bestTruth),
    search("a proof passed, in the verifier's own eyes", ({ points }) => points.at(-1)?.passed),
    refined('pass@1 after refinement', (point) => point?.pass),
    refined('best of all threads by self-score', (point) => point?.best.at(-1)?.figure),
  ];
}

/** `0.93 (0.90–0.95), n = 64`. */
export const cell = (figure: FigureRow['figures'][0]): string =>
  figure ? `${withInterval(figure)}, n = ${figure.n}` : '–';
