import { sha256 } from '../../activities/inference/keys.ts';
import { answerImitatesVerdict, parseAnswer, type ParsedAnswer } from '../../shared/answers.ts';
import type { RewardAnswer, RewardItem, RewardSpec } from '../../shared/reward/protocol.ts';
import {
  isKeptForAudit,
  judgeNeed,
  rewardOf,
  type JudgeNeed,
  type JudgeScores,
  type RewardSubject,
} from '../../shared/reward/rewards.ts';
import { addCosts, judge, NO_COST, type JudgeCost, type JudgeQuestion, type Judges } from './judge.ts';
import type { RewardLog, RewardRecord } from './rewardLog.ts';

/** What an evaluation came to. An outage is not remembered: the same request may be made again. */
export type Evaluation =
  | { readonly kind: 'answer'; readonly answer: RewardAnswer; readonly cost: JudgeCost }
  | { readonly kind: 'outage'; readonly reason: string };

/** What a job has seen since the service started; `scored`, `unscorable` and `imitations` count the whole log. */
const NOTHING_SEEN = {
  scored: 0,
  unscorable: 0,
  /** Scored answers with marks of a verdict that are not their own. */
  imitations: 0,
  /** Items answered from the log, or together with an equal one under way. */
  cached: 0,
  joined: 0,
  outages: 0,
  underWay: 0,
  judgeCalls: 0,
  promptTokens: 0,
  completionTokens: 0,
};
type RewardCounters = typeof NOTHING_SEEN;

/** The rewards of one training job: each equal request is evaluated once, whoever waits for it. */
export class RewardJob {
  readonly spec: RewardSpec;
  readonly #specSha256: string;
  readonly #judges: Judges;
  readonly #log: RewardLog;
  readonly #underWay = new Map<string, Promise<Evaluation>>();
  readonly #seen = { ...NOTHING_SEEN };

  constructor(judges: Judges, log: RewardLog) {
    this.spec = judges.spec;
    this.#specSha256 = sha256(JSON.stringify(judges.spec));
    this.#judges = judges;
    this.#log = log;
    for (const { answer } of log.all()) this.#count(answer);
  }

  get counters(): RewardCounters {
    return { ...this.#seen, underWay: this.#underWay.size };
  }

  /** The item's reward. Goes on when nobody waits any more, so that the next request finds it. */
  evaluate(item: RewardItem): Promise<Evaluation> {
    const responseSha256 = sha256(item.response);
    const { itemId, task, truncated, meta } = item;
    const key = sha256(JSON.stringify([itemId, task, responseSha256, truncated, meta, this.#specSha256]));
    const known = this.#log.get(key);
    if (known !== undefined) {
      this.#seen.cached += 1;
      return Promise.resolve({ kind: 'answer', answer: known.answer, cost: NO_COST });
    }
    const running = this.#underWay.get(key);
    if (running !== undefined) {
      this.#seen.joined += 1;
      return running.then((evaluation) =>
        evaluation.kind === 'answer' ? { ...evaluation, cost: NO_COST } : evaluation,
      );
    }
    const evaluation = this.#run(item, key, responseSha256).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, evaluation);
    return evaluation;
  }

  async #run(item: RewardItem, key: string, responseSha256: string): Promise<Evaluation> {
    const answer = parseAnswer(item.task, item.response, this.spec.maxRevisions);
    const subject: RewardSubject = { task: item.task, answer, truncated: item.truncated, label: item.meta.score };
    const counts = { proof: this.spec.verdictsPerReward, meta: this.spec.metaVerdictsPerReward };
    let verdicts: JudgeScores = {};
    let cost = NO_COST;
    let rewarded: RewardAnswer | undefined;
    while (rewarded === undefined) {
      const need = judgeNeed(subject, verdicts, this.spec);
      if (need === 'nothing') break;
      const question = questionOf(need, item, answer, responseSha256);
      const judgement = await judge(this.#judges, question, counts[need]);
      cost = addCosts(cost, judgement.cost);
      if (judgement.kind === 'outage') {
        this.#seen.outages += 1;
        this.#countCost(cost);
        return { kind: 'outage', reason: judgement.reason };
      }
      if (judgement.kind === 'judged') verdicts = { ...verdicts, [need]: judgement.scores };
      else rewarded = { itemId: item.itemId, status: 'unscorable', reason: judgement.reason };
    }
    rewarded ??= {
      itemId: item.itemId,
      status: 'scored',
      ...rewardOf(subject, verdicts, this.spec),
      imitatesVerdict: answerImitatesVerdict(item.task, answer),
    };
    const record: RewardRecord = {
      key,
      task: item.task,
      responseSha256,
      ...(isKeptForAudit(key) && { response: item.response }),
      specSha256: this.#specSha256,
      answer: rewarded,
      verdicts,
      judge: cost,
    };
    await this.#log.append(record);
    this.#count(rewarded);
    this.#countCost(cost);
    return { kind: 'answer', answer: rewarded, cost };
  }

  #count(answer: RewardAnswer): void {
    this.#seen[answer.status] += 1;
    if (answer.status === 'scored' && answer.imitatesVerdict) this.#seen.imitations += 1;
  }

  #countCost({ calls, promptTokens, completionTokens }: JudgeCost): void {
    this.#seen.judgeCalls += calls;
    this.#seen.promptTokens += promptTokens;
    this.#seen.completionTokens += completionTokens;
  }
}

/** A proof is judged by the verifier, an analysis by the meta-verifier together with the proof it is about. */
function questionOf(
  need: Exclude<JudgeNeed, 'nothing'>,
  item: RewardItem,
  answer: ParsedAnswer,
  responseSha256: string,
): JudgeQuestion {
  if (answer.kind === 'malformed')
    throw new Error(`Expected no ${need} verdict to be needed for a malformed answer (item ${item.itemId})`);
  const problem = item.meta.problem.statement;
  if (need === 'proof')
    return { task: 'verify', row: item.itemId, values: { problem, proof: answer.proof }, responseSha256 };
  const values =
    item.task === 'verify'
      ? { problem, proof: item.meta.proof, analysis: answer.text }
      : { problem, proof: answer.proof, analysis: answer.selfAnalysis };
  return { task: 'metaVerify', row: item.itemId, values, responseSha256 };
}

/**
 * Fields that the item or the spec lacks for the item's task, each with what was expected; empty when the item can be
 * rewarded.
 */
export function missingFields({ task, meta }: RewardItem, spec: RewardSpec): string[] {
  const missing: string[] = [];
  const need = (present: unknown, field: string) => {
    if (present === undefined) missing.push(`${field}: expected a value for task ${task}, got none`);
  };
  if (task === 'verify' || task === 'metaVerify') {
    need(meta.score, 'meta.score');
    need(meta.proof, 'meta.proof');
    if (task === 'metaVerify') need(meta.analysis, 'meta.analysis');
    if (task === 'verify' && spec.useMetaReward) need(spec.judges.metaVerifier, 'spec.judges.metaVerifier');
  } else {
    need(spec.judges.verifier, 'spec.judges.verifier');
    if (task === 'selfVerify' && spec.useMetaReward && spec.selfAnalysisWeight > 0)
      need(spec.judges.metaVerifier, 'spec.judges.metaVerifier');
  }
  return missing;
}
