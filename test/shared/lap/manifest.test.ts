import { grownBy, NOTHING_NEW } from '../../../shared/lap/grown.ts';
import { warningsOf, type LabelRecord, type SetRecord, type SkillCounts } from '../../../shared/lap/manifest.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { emptySet } from '../../reports/figures/lapFixture.ts';

const none = { uri: 'datasets/none.jsonl', sha256: '0'.repeat(64), rows: 0 };
const checkpoint = { uri: 'checkpoints/a', sha256: 'a'.repeat(64) };

/** A second lap that labelled and consolidated so much. */
function lap({ auto = 0, expert = 0, passed = 4, warning = '', recipe = rehearsal } = {}) {
  const set: SetRecord = {
    ...emptySet('main/lap-0002/draft'),
    ...(warning && { warning }),
    phase: 'scaleVerification',
    startedAt: '',
    wallSeconds: 1,
  };
  const labels: LabelRecord = {
    proofs: none,
    writtenIn: 'main/lap-0002/label/proofs',
    expert,
    set: {
      ...emptySet('main/lap-0002/label/verdicts'),
      decisions: none,
      labels: { total: 6, auto, contested: 6 - auto, unresolved: 2 },
    },
  };
  const skill: SkillCounts = { skill: 'analyses', seen: 16, passed, distinct: 0, chosen: 0, byScore: {}, byTopic: {} };
  const consolidation = {
    jobKey: 'main/lap-0002/consolidation',
    init: checkpoint,
    checkpoint,
    dataset: none,
    skills: [skill],
    steps: 1,
    attempts: 1,
    trainingSeconds: 1,
    startedAt: '',
  };
  return { lap: 'main/lap-0002', sets: [set], labels, consolidation, stages: [], turn: 2, recipe };
}

test('a lap in which all came to something says nothing', () => {
  expect(warningsOf(lap({ auto: 1 }))).toEqual([]);
  expect(warningsOf(lap({ expert: 1 }))).toEqual([]);
});

test('sets with few answers, skills that nothing passed and labels that nobody gave are said', () => {
  expect(warningsOf(lap({ passed: 0, warning: '0 of 4 answers' }))).toEqual([
    '0 of 4 answers',
    'main/lap-0002 consolidated no analyses: of 16 none passed',
    expect.stringMatching(
      /^main\/lap-0002\/label\/verdicts: none of 6 proofs got a label \(6 contested, 2 unresolved\)/,
    ),
  ]);
});

test('a meta-verifier that had nothing new to learn from was not trained again, and the lap says so', () => {
  const recipe = { ...rehearsal, retrainMetaVerifier: true };
  expect(warningsOf(lap({ auto: 1, recipe }))).toEqual([NOTHING_NEW]);
  expect(warningsOf({ ...lap({ auto: 1, recipe }), turn: 1 })).toEqual([]);
});

test('what joins D_mv is new until a meta-verifier has learned from it', () => {
  const part = (name: string) => ({ ...none, uri: `datasets/${name}.jsonl` });
  const first = { train: [part('lap-1')], validation: none };
  expect(grownBy(first, [])).toEqual(first);
  const second = grownBy(first, [part('lap-2')]);
  expect(second).toEqual({ train: [part('lap-1'), part('lap-2')], learned: 1, validation: none });
  expect(grownBy(second, [part('late')])).toMatchObject({ learned: 1, train: { length: 3 } });
});
