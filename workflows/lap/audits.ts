import { allHandlersFinished, condition, defineUpdate, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { AuditedLabels, LabelAudits } from '../../activities/datasets/audit.ts';
import type { OpenedLap } from '../../activities/laps/open.ts';
import { shown } from '../../shared/inputRules.ts';
import { auditNotice } from '../../shared/lap/notices.ts';
import type { LeadsWord, RecordedWord } from '../../shared/review/leadsWord.ts';
import type { StageRecord } from '../../shared/lap/manifest.ts';
import type { ReviewSetResult } from '../../shared/review/reviews.ts';
import { seedOf } from '../../shared/seeds.ts';
import { failure } from '../failure.ts';
import { announce } from '../notice.ts';
import { data } from '../proxies.ts';
import type { Progress } from './lapProgress.ts';
import { place } from './place.ts';
import type { Trainings } from './trainings.ts';

const decide = defineUpdate<RecordedWord, [LeadsWord]>('decide');

/** Waits until a lead has said of each whether it is used; the word is in the store before its sender hears. */
async function leadsWord(lap: string, about: readonly string[]): Promise<void> {
  const said = new Set<string>();
  const waiting = () => about.filter((each) => !said.has(each));
  setHandler(
    decide,
    async (word) => {
      const recorded = await data.recordWord({ lap, word, at: new Date().toISOString() });
      said.add(word.about);
      return recorded;
    },
    {
      description: 'A lead decides: {"annotator": "you", "about": "…", "use": true or false, "reason": "…"}',
      validator(word: Partial<LeadsWord> | null) {
        if (word && word.annotator && typeof word.use === 'boolean' && waiting().includes(`${word.about}`)) return;
        const expected = `{"annotator": "you", "about": "${waiting().join('" or "')}", "use": true or false}`;
        throw failure('WordRefused', `Expected ${expected}, got ${shown(word)}`);
      },
    },
  );
  await condition(() => waiting().length === 0 && allHandlersFinished());
}

/** What audits say of each label; where one is wrong for certain, the recipe may let the lap wait for a lead. */
export async function auditedLabels(
  asked: AuditedLabels,
  tell: (words: { readonly warning: string }) => Promise<void>,
): Promise<LabelAudits> {
  const audits = await data.auditLabels(asked);
  const { waiting } = audits;
  await announce(auditNotice(asked.lap, audits));
  if (!waiting) return audits;
  setCurrentDetails(waiting.text);
  await tell({ warning: waiting.text });
  await leadsWord(asked.lap, waiting.about);
  return data.auditLabels(asked);
}

type ProofStage = 'generator' | 'selfVerification';

/**
 * People score, blindly, what a stage rewarded at its end: beside what comes next or, where the recipe says so, before
 * it.
 */
export function rewardAudits(opened: OpenedLap, progress: Progress, trainings: Trainings) {
  const { lap, recipe, seed } = opened;
  const { audit } = recipe;
  const asked: Promise<{ reviews: ReviewSetResult[]; doubt: string }>[] = [];

  async function judge(name: ProofStage, stage: StageRecord) {
    const at = place(opened, name);
    const about = { lap, stage, recipe: recipe.stages[name], audit };
    const subject = await data.chooseRewarded({ about, to: at.dataset('audit'), seed: seedOf(seed, name, 'audit') });
    const reviews = subject.rows > 0 ? [await at.review('audit', subject)] : [];
    const { doubt, text } = await data.rewardsInDoubt({ about, results: reviews.map(({ results }) => results) });
    if (doubt) progress.add([text]);
    return { reviews, doubt };
  }

  return {
    /** @throws `StoppedByAudit` where a lead has said so. */
    async after(name: ProofStage): Promise<void> {
      const stage = trainings.stages().at(-1);
      if (!audit || !audit.rewardedProofs || !stage) return;
      const judging = judge(name, stage);
      judging.catch(() => undefined); // seen by finish()
      asked.push(judging);
      if (audit.onFailure !== 'pause') return;
      const { doubt } = await judging;
      if (!doubt) return;
      const telling = announce({ event: 'lap.waiting', about: stage.jobKey, waitsFor: [name] });
      await Promise.all([leadsWord(lap, [name]), telling]);
      if (!(await data.isAccepted({ lap, about: name }))) throw failure('StoppedByAudit', doubt);
    },
    /** What people came to; waits for them. */
    finish: async () => (await Promise.all(asked)).flatMap(({ reviews }) => reviews),
  };
}
