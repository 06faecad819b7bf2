import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { writeReport } from '../../../reports/activities.ts';
import { escape, html } from '../../../reports/pages/markup.ts';
import { lapTable } from '../../../reports/pages/lapTable.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import type { LapReport } from '../../../shared/figures/report.ts';
import {
  analysisText,
  labelRow,
  metaText,
  newStore,
  outcome,
  problem,
  proofRow,
  provedText,
  selfVerifiedText,
  toyChecker,
  writeLap,
  type LapParts,
} from '../figures/lapFixture.ts';

const EVIL = '<script src="https://evil.example/x.js"></script><img src=x onerror=alert(1)>';

const contested = {
  ...proofRow(9, 0.5),
  proof: `worth 0.5 ${EVIL}`,
  problem: { ...problem(9), statement: `Prove ${EVIL}` },
};

const whole: LapParts = {
  heldOut: [problem(0, 2), problem(1, 5), problem(2, 8)],
  proofs: [proofRow(0, 0), proofRow(1, 1)],
  rewards: {
    verifierV1: [0.2, 0.5, 0.8],
    verifierV2: [0.3, 0.6],
    metaVerifier: [0.4],
    generator: [0.5],
    selfVerification: [0.6],
  },
  sets: {
    'verifier verifierV1 sampled': [
      outcome('proof-0', 'verify', analysisText(0, { quality: 0, claimed: 1 })),
      outcome('proof-1', 'verify', analysisText(1, { quality: 1 })),
    ],
    'verifier verifierV2 sampled': [
      outcome('proof-0', 'verify', analysisText(0, { quality: 1, claimed: 2, real: 2, found: 2 })),
      outcome('proof-1', 'verify', analysisText(1, { quality: 1 })),
    ],
    'generator base sampled': ['p0', 'p1', 'p2'].map((row) => outcome(row, 'prove', provedText(0))),
    'generator generator sampled': ['p0', 'p1', 'p2'].map((row) => outcome(row, 'prove', provedText(0.5))),
    'selfVerification generator sampled': ['p0', 'p1', 'p2'].map((row) =>
      outcome(row, 'selfVerify', selfVerifiedText(0, 1)),
    ),
    'selfVerification selfVerification sampled': ['p0', 'p1', 'p2'].map((row) =>
      outcome(row, 'selfVerify', selfVerifiedText(1, 1)),
    ),
  },
  labelled: [
    { proof: proofRow(3, 1), row: labelRow({ kind: 'labelled', score: 1 }) },
    { proof: contested, row: labelRow({ kind: 'contested', reason: `because ${EVIL}` }) },
  ],
  verdicts: [
    outcome('proof-9', 'verify', `${EVIL} ${analysisText(0.5)}`, { score: 0.5, sample: 0, thinking: `Hm. ${EVIL}` }),
    outcome('proof-9#0', 'metaVerify', metaText(1), { score: 1 }),
    outcome('proof-9', 'verify', analysisText(1), { score: 1, sample: 1 }),
  ],
};

const written = async (parts: LapParts): Promise<{ store: FileStore; page: string; figures: LapReport }> => {
  const store = await newStore();
  const { lap } = await writeLap(store, parts);
  const { uri } = await writeReport(store, () => toyChecker, { lap });
  return {
    store,
    page: await store.readText(uri),
    figures: await store.readJson<LapReport>(`laps/${lap}/report.json`),
  };
};

test('the page opens without a network: no script, no reference to anything outside it', async () => {
  const { page } = await written({ ...whole, labelled: [], verdicts: [] });
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  const outside = page.replaceAll('http://www.w3.org/2000/svg', '').replaceAll('http://www.w3.org/1999/xlink', '');
  expect(outside).not.toMatch(/<script|<link|<iframe|<img|@import|url\((?!#)|\s(href|src)=|xlink:href="(?!#)/i);
});

test('texts of models and problems are shown as they are, and are nothing but text', async () => {
  const { page } = await written(whole);
  expect(page).not.toContain('<script');
  expect(page).not.toContain('<img');
  expect(page).toContain(escape(contested.proof));
  expect(page).toContain(escape(contested.problem.statement));
  expect(page).toContain(escape(`${EVIL} Here is my evaluation`));
  expect(page).toContain(escape(`because ${EVIL}`));
});

test(
  "the page plots every stage's reward, the confusion of v1 and v2, quality, true scores, claims, labels and " + 'time',
  async () => {
    const { page } = await written(whole);
    for (const chart of [
      'Reward per step of verifier v1',
      'Reward per step of self-verification',
      'Figures of the verifiers',
      'Mean true score of proofs',
      'Self-scores before and after',
      'Label counts',
      'Seconds of each phase',
    ]) {
      expect(page).toContain(`aria-label="${chart}`);
    }
    expect(page).toContain('v1: given against true score');
    expect(page).toContain('v2: given against true score');
    expect(page).not.toMatch(/#0102[0-9a-f]{2}/); // every colour follows the reader's theme
  },
);

test('steps are drawn metric by metric where an engine says them, with the bounds they are watched by', async () => {
  const { page } = await written(whole);
  expect(page).toContain('aria-label="Per step and stage: tokens a completion.');
  expect(page).not.toContain('Per step and stage: entropy');
  expect(page).not.toContain('Watched, with the bounds dashed');
  const watches = [{ metric: 'completionTokens' as const, above: 9_000, policy: 'warn' as const }];
  const { verifierV1 } = rehearsal.stages;
  const recipe = { ...rehearsal, stages: { ...rehearsal.stages, verifierV1: { ...verifierV1, watches } } };
  expect((await written({ ...whole, recipe })).page).toContain(
    'verifier v1: tokens a completion above 9000 over 5 steps is warned of',
  );
});

test('a contested proof is shown with its verdicts and what became of them', async () => {
  const { page } = await written(whole);
  expect(page).toContain('its meta-assessments: 1');
  expect(page).toContain('Its true score is 0.5');
});

test('what a verifier thought stands folded before its analysis, quoted', async () => {
  const { page } = await written(whole);
  expect(page).toContain(`<summary>thinking, ${4 + EVIL.length} characters</summary>`);
  expect(page).toContain(escape(`Hm. ${EVIL}`));
});

test('equal artifacts give equal bytes', async () => {
  const [one, other] = [await written(whole), await written(whole)];
  expect(other.page).toBe(one.page);
  expect(other.figures).toEqual(one.figures);
});

test('a lap of which hardly anything was measured has a report that says why', async () => {
  const { page, figures } = await written({});
  expect(figures.verifier.v1).toBeNull();
  expect(figures.labels.precision).toBeNull();
  expect(page).toContain('no sampled evaluation of verifierV1 as verifier in this lap');
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("the terminal's table leaves out what was not measured, and aligns the rest", async () => {
  const lines = lapTable((await written(whole)).figures).split('\n');
  expect(lines.find((line) => line.includes('score accuracy'))).toMatch(
    /1\.00 \(0\.34–1\.00\)\s+1\.00 \(0\.34–1\.00\)\s+\+0\.00\s+0\.50$/,
  );
  expect(lines.join('\n')).not.toContain('meta-verifier: accuracy');
  expect(lines.join('\n')).toContain('labels: 2 proofs, 1 automatic, 1 contested');
});

test('markup nests, text does not', () => {
  expect(html`<p>${['a', html`<b>${'<b>'}</b>`, null, 3]}</p>`.markup).toBe('<p>a<b>&lt;b&gt;</b>3</p>');
  expect(escape(`"'&\u0000`)).toBe('&quot;&#39;&amp;\ufffd');
});
