import { sha256 } from '../../activities/inference/keys.ts';
import { answerImitatesVerdict, formatReward, parseAnswer, type ParsedAnswer } from '../../shared/answers.ts';
import type { RewardAnswer, RewardBatch, RewardItem, RewardSpec } from '../../shared/reward/protocol.ts';
import {
  CUT_OFF,
  isKeptForAudit,
  judgeNeed,
  rewardOf,
  type JudgeScores,
  type Malformed,
  type RewardSubject,
} from '../../shared/reward/rewards.ts';
import { countKnownReward, countReward } from '../../activities/metrics/rewards.ts';
import { Batches, type Batch } from './batches.ts';
import { missingFields, questionOf, type KnownItem } from './items.ts';
import { addCosts, NO_COST, type JudgeCost, type Judges } from './judge.ts';
import type { JudgeLosses } from './judgeLosses.ts';
import { AskedAgain, Panel, type Asking } from './panel.ts';
import { Refusal } from './refusal.ts';
import type { RewardLog } from './rewardLog.ts';
import type { AskedRow, RowIndex } from './rows.ts';

/** An item whose evaluation is under way. */
interface Running extends Asking {
  readonly answer: Promise<RewardAnswer>;
}

/** What a job has seen since the service started. */
const NOTHING_SEEN = {
  /** Items answered from the log, or together with an equal one under way. */
  cached: 0,
  joined: 0,
  judgeCalls: 0,
  promptTokens: 0,
  completionTokens: 0,
};

/** What a job has on disk, and what its rows say. */
interface JobRecords {
  readonly log: RewardLog;
  readonly losses: JudgeLosses;
  readonly rows: RowIndex;
}

/** The rewards of one training job: each equal item is evaluated once, whoever waits for it, if anybody does. */
export class RewardJob {
  readonly spec: RewardSpec;
  readonly #specSha256: string;
  readonly #panel: Panel;
  readonly #log: RewardLog;
  readonly #rows: RowIndex;
  readonly #underWay = new Map<string, Running>();
  readonly #batches = new Batches();
  readonly #seen = { ...NOTHING_SEEN };

  constructor(judges: Judges, { log, losses, rows }: JobRecords) {
    const { maxLossShare: _, donors: __, ...rewarding } = judges.spec;
    this.spec = judges.spec;
    // No reward depends on what may be lost, or on who paid for verdicts.
    this.#specSha256 = sha256(JSON.stringify(rewarding));
    this.#panel = new Panel(judges, losses);
    this.#log = log;
    this.#rows = rows;
  }

  /** Aborted, with the refusal that says so, when the judges lose too many verdicts: nothing more is judged. */
  get stopped(): AbortSignal {
    return this.#panel.stopped;
  }

  /** Beside what was seen since the start, what the whole log has. */
  get counters() {
    return {
      ...this.#log.counts,
      ...this.#seen,
      underWay: this.#underWay.size,
      outages: this.#panel.outages,
      waiting: this.#panel.waiting,
      verdicts: this.#panel.verdicts,
    };
  }

  /**
   * Begins to evaluate the items, unless that was done before; it goes on when nobody waits any more.
   * @param again gives up the calls that are under way for them, and makes them anew.
   * @param admit called before anything new is begun; what it throws is thrown.
   * @throws Refusal when an item is not one that this job can reward, or its judges lose too many verdicts.
   */
  async post(items: readonly RewardItem[], again: boolean, admit: () => void): Promise<Batch> {
    this.stopped.throwIfAborted();
    const known = await this.#known(items);
    const keys = known.map((item) => this.#keyOf(item));
    const id = sha256(keys.join());
    if (again) for (const key of keys) this.#underWay.get(key)?.calls.abort(new AskedAgain());
    const before = this.#batches.get(id);
    if (before !== undefined) return before;
    admit();
    return this.#batches.begin(
      id,
      known.map((item, index) => this.#evaluate(item, keys[index] as string)),
    );
  }

  /** @throws as `stateOf`. */
  batch(id: string): Batch | undefined {
    this.stopped.throwIfAborted();
    return this.#batches.get(id);
  }

  /** @throws Refusal when the judges lose too many verdicts. */
  stateOf({ id, answers }: Batch): RewardBatch {
    this.stopped.throwIfAborted();
    const { scored, unscorable } = this.#log.counts;
    const { waiting, progress } = this.#panel;
    return {
      id,
      items: answers,
      underWay: answers.filter((answer) => answer === null).length,
      progress: progress + scored + unscorable,
      ...(waiting !== undefined && { waiting }),
    };
  }

  /** For the gauges of the service. */
  get standing() {
    return {
      underWay: this.#underWay.size,
      journalBytes: this.#log.bytes,
      isWaiting: this.#panel.waiting !== undefined,
    };
  }

  /** Ends what is under way: nobody will hear of it here. */
  close(): void {
    const reason = new Error(`The rewards of ${this.spec.jobKey} were put away: ask again`);
    this.#panel.close(reason);
    for (const { calls } of this.#underWay.values()) calls.abort(reason);
  }

  async #known(items: readonly RewardItem[]): Promise<KnownItem[]> {
    const missing: string[] = [];
    const rows = new Map([...new Set(items.map(({ itemId }) => itemId))].map((id) => [id, this.#rows.get(id)]));
    const known = await Promise.all(
      items.map(async (item, index) => {
        const row = await rows.get(item.itemId);
        const found =
          row === undefined
            ? [`itemId: expected a row of the job's datasets, got ${JSON.stringify(item.itemId)}`]
            : missingFields(item, row, this.spec);
        missing.push(...found.map((message) => `items.${index}.${message}`));
        return { ...item, ...(row as AskedRow), responseSha256: sha256(item.response) };
      }),
    );
    if (missing.length === 0) return known;
    throw new Refusal(422, `Expected items that job ${this.spec.jobKey} can reward: ${missing.slice(0, 5).join('; ')}`);
  }

  /** Thinking earns nothing, so that it is no part of it. */
  #keyOf({ itemId, task, responseSha256, truncated, meta }: KnownItem): string {
    return sha256(JSON.stringify([itemId, task, responseSha256, truncated, meta, this.#specSha256]));
  }

  async #evaluate(item: KnownItem, key: string): Promise<RewardAnswer> {
    const running = this.#underWay.get(key);
    if (running !== undefined) {
      this.#seen.joined += 1;
      countKnownReward('joined');
      return running.answer;
    }
    if (this.#log.has(key)) {
      this.#seen.cached += 1;
      countKnownReward('cached');
      return ((await this.#log.get(key)) as { answer: RewardAnswer }).answer;
    }
    const calls = new AbortController();
    const state: Running = { calls, answer: Promise.resolve().then(() => this.#run(item, key, state)) };
    this.#underWay.set(key, state);
    return state.answer.finally(() => {
      this.#underWay.delete(key);
      this.#panel.proveIfAllWait(this.#underWay.size);
    });
  }

  async #run(item: KnownItem, key: string, state: Running): Promise<RewardAnswer> {
    const { responseSha256 } = item;
    const began = Date.now();
    const answer = parseAnswer(item.task, item.response, this.spec.maxRevisions);
    const subject: RewardSubject = { task: item.task, answer, truncated: item.truncated, label: item.meta.score };
    const counts = { proof: this.spec.verdictsPerReward, meta: this.spec.metaVerdictsPerReward };
    const imitates = answerImitatesVerdict(item.task, answer);
    const scored = { itemId: item.itemId, status: 'scored', imitatesVerdict: imitates } as const;
    let verdicts: JudgeScores = {};
    let cost = NO_COST;
    let rewarded: RewardAnswer | undefined;
    while (rewarded === undefined) {
      const need = judgeNeed(subject, verdicts, this.spec);
      if (need === 'nothing') break;
      const judgement = await this.#panel.ask(questionOf(need, item, answer), counts[need], state);
      cost = addCosts(cost, judgement.cost);
      if (judgement.kind === 'judged') verdicts = { ...verdicts, [need]: judgement.scores };
      else if (judgement.kind === 'overlong' && this.spec.overlong !== 'unscorable')
        rewarded = { ...scored, reward: 0, components: { format: 1 }, overlong: true };
      else
        rewarded = {
          itemId: item.itemId,
          status: 'unscorable',
          reason: judgement.reason,
          ...(judgement.kind === 'overlong' && { overlong: true }),
        };
    }
    rewarded ??= { ...scored, ...rewardOf(subject, verdicts, this.spec) };
    await this.#panel.proven(this.#underWay.size);
    await this.#log.append({
      key,
      task: item.task,
      responseSha256,
      ...(formatReward(answer, item.truncated) === 0 && { malformed: malformedOf(answer, item) }),
      ...(isKeptForAudit(key) && { response: item.response, ...(item.thinking && { thinking: item.thinking }) }),
      ...(item.step !== undefined && { step: item.step }),
      specSha256: this.#specSha256,
      answer: rewarded,
      verdicts,
      judge: cost,
    });
    this.#countCost(cost);
    countReward(item.task, rewarded.status, Date.now() - began);
    return rewarded;
  }

  #countCost({ calls, promptTokens, completionTokens }: JudgeCost): void {
    this.#seen.judgeCalls += calls;
    this.#seen.promptTokens += promptTokens;
    this.#seen.completionTokens += completionTokens;
  }
}

function malformedOf(answer: ParsedAnswer, { truncated, response, thinking = '' }: KnownItem): Malformed {
  const reason = truncated ? CUT_OFF : answer.kind === 'malformed' ? answer.reason : 'unknown';
  return { reason, begins: (response || thinking).slice(0, 200) };
}
