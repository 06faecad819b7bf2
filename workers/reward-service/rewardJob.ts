import { once, setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../../activities/inference/keys.ts';
import { answerImitatesVerdict, parseAnswer } from '../../shared/answers.ts';
import { tooManyLost } from '../../shared/figures/losses.ts';
import type { RewardAnswer, RewardBatch, RewardItem, RewardSpec } from '../../shared/reward/protocol.ts';
import {
  isKeptForAudit,
  judgeNeed,
  rewardOf,
  type JudgeScores,
  type RewardSubject,
} from '../../shared/reward/rewards.ts';
import { missingFields, questionOf, type KnownItem } from './items.ts';
import { addCosts, judge, NO_COST, type JudgeCost, type JudgeQuestion, type Judges } from './judge.ts';
import type { JudgeLosses } from './judgeLosses.ts';
import { Refusal } from './refusal.ts';
import type { RewardLog } from './rewardLog.ts';
import type { AskedRow, RowIndex } from './rows.ts';

/** First and longest pause before a judge that was down is asked again, milliseconds; doubled in between. Ours. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** Batches that are remembered after their end: a poll whose answer was lost is repeated soon. */
const ENDED_BATCHES = 64;

/** An item whose evaluation is under way. */
interface Running {
  readonly answer: Promise<RewardAnswer>;
  /** Aborted when its calls are to be made anew. */
  calls: AbortController;
  /** Why it waits, while a judge is down. */
  waiting?: string | undefined;
}

interface Batch {
  readonly id: string;
  readonly keys: readonly string[];
  readonly answers: (RewardAnswer | null)[];
  /** Rejects where an evaluation could not be kept: the batch is then to be posted again. */
  readonly ended: Promise<void>;
}

/** What a job has seen since the service started. */
const NOTHING_SEEN = {
  /** Items answered from the log, or together with an equal one under way. */
  cached: 0,
  joined: 0,
  /** Times that an item found a judge down. */
  outages: 0,
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
  readonly #judges: Judges;
  readonly #log: RewardLog;
  readonly #rows: RowIndex;
  readonly #underWay = new Map<string, Running>();
  readonly #batches = new Map<string, Batch>();
  readonly #seen = { ...NOTHING_SEEN };
  readonly #closing = new AbortController();
  readonly #losses: JudgeLosses;
  readonly #stopping = new AbortController();

  constructor(judges: Judges, { log, losses, rows }: JobRecords) {
    const { maxLossShare, ...rewarding } = judges.spec;
    this.spec = judges.spec;
    this.#specSha256 = sha256(JSON.stringify(rewarding)); // no reward depends on what may be lost
    this.#judges = judges;
    this.#losses = losses;
    losses.onCount = () => {
      const lost = tooManyLost(judges.spec.jobKey, losses.verdicts, maxLossShare);
      if (lost !== undefined) this.#stopping.abort(new Refusal(409, lost));
    };
    losses.onCount();
    this.#log = log;
    this.#rows = rows;
    setMaxListeners(0, this.#closing.signal, this.stopped); // each item that waits listens, and each poll
  }

  /** Aborted, with the refusal that says so, when the judges lose too many verdicts: nothing more is judged. */
  get stopped(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Beside what was seen since the start, what the whole log has. */
  get counters() {
    const waiting = [...this.#underWay.values()].filter(({ waiting }) => waiting !== undefined).length;
    return {
      ...this.#log.counts,
      ...this.#seen,
      underWay: this.#underWay.size,
      waiting,
      verdicts: this.#losses.verdicts,
    };
  }

  /**
   * Begins to evaluate the items, unless that was done before; it goes on when nobody waits any more.
   * @param again gives up the calls that are under way for them, and makes them anew.
   * @throws Refusal when an item is not one that this job can reward, or its judges lose too many verdicts.
   */
  async post(items: readonly RewardItem[], again: boolean): Promise<Batch> {
    this.stopped.throwIfAborted();
    const known = await this.#known(items);
    const keys = known.map((item) => this.#keyOf(item));
    const id = sha256(keys.join());
    if (again) for (const key of keys) this.#underWay.get(key)?.calls.abort(new AskedAgain());
    const before = this.#batches.get(id);
    if (before !== undefined) return before;

    const answers = known.map((): RewardAnswer | null => null);
    const evaluations = known.map(async (item, index) => {
      answers[index] = await this.#evaluate(item, keys[index] as string);
    });
    const batch = { id, keys, answers, ended: Promise.all(evaluations).then(() => undefined) };
    this.#batches.set(id, batch);
    batch.ended.then(
      () => this.#forgetOldest(),
      () => this.#batches.delete(id),
    );
    return batch;
  }

  /** @throws as `stateOf`. */
  batch(id: string): Batch | undefined {
    this.stopped.throwIfAborted();
    return this.#batches.get(id);
  }

  /** @throws Refusal when the judges lose too many verdicts. */
  stateOf({ id, keys, answers }: Batch): RewardBatch {
    this.stopped.throwIfAborted();
    const waiting = keys.map((key) => this.#underWay.get(key)?.waiting).find((reason) => reason !== undefined);
    return {
      id,
      items: answers,
      underWay: answers.filter((answer) => answer === null).length,
      progress: this.#judges.asker.requests + this.#log.counts.scored + this.#log.counts.unscorable,
      ...(waiting !== undefined && { waiting }),
    };
  }

  /** Ends what waits for a judge: nobody will hear of it here. */
  close(): void {
    this.#closing.abort(new Error(`The rewards of ${this.spec.jobKey} were put away: ask again`));
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
        return { ...item, ...(row as AskedRow) };
      }),
    );
    if (missing.length === 0) return known;
    throw new Refusal(422, `Expected items that job ${this.spec.jobKey} can reward: ${missing.slice(0, 5).join('; ')}`);
  }

  /** Thinking earns nothing, so that it is no part of it. */
  #keyOf({ itemId, task, response, truncated, meta }: KnownItem): string {
    return sha256(JSON.stringify([itemId, task, sha256(response), truncated, meta, this.#specSha256]));
  }

  async #evaluate(item: KnownItem, key: string): Promise<RewardAnswer> {
    const running = this.#underWay.get(key);
    if (running !== undefined) {
      this.#seen.joined += 1;
      return running.answer;
    }
    if (this.#log.has(key)) {
      this.#seen.cached += 1;
      return ((await this.#log.get(key)) as { answer: RewardAnswer }).answer;
    }
    const calls = new AbortController();
    const state: Running = { calls, answer: Promise.resolve().then(() => this.#run(item, key, state)) };
    this.#underWay.set(key, state);
    return state.answer.finally(() => this.#underWay.delete(key));
  }

  async #run(item: KnownItem, key: string, state: Running): Promise<RewardAnswer> {
    const responseSha256 = sha256(item.response);
    const answer = parseAnswer(item.task, item.response, this.spec.maxRevisions);
    const subject: RewardSubject = { task: item.task, answer, truncated: item.truncated, label: item.meta.score };
    const counts = { proof: this.spec.verdictsPerReward, meta: this.spec.metaVerdictsPerReward };
    const imitates = answerImitatesVerdict(item.task, answer);
    const scored = { itemId: item.itemId, status: 'scored', imitatesVerdict: imitates } as const;
    let verdicts: JudgeScores = {};
    let cost = NO_COST;
    let outages = 0;
    let rewarded: RewardAnswer | undefined;
    while (rewarded === undefined) {
      const need = judgeNeed(subject, verdicts, this.spec);
      if (need === 'nothing') break;
      const judgement = await this.#judged(questionOf(need, item, answer, responseSha256), counts[need], state);
      cost = addCosts(cost, judgement.cost);
      if (judgement.kind === 'outage') {
        this.#seen.outages += 1;
        state.waiting = judgement.reason;
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** outages);
        outages += 1;
        await sleep(pause, undefined, { signal: this.#closing.signal, ref: false });
        continue;
      }
      state.waiting = undefined;
      outages = 0;
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
    await this.#log.append({
      key,
      task: item.task,
      responseSha256,
      ...(isKeptForAudit(key) && { response: item.response, ...(item.thinking && { thinking: item.thinking }) }),
      ...(item.step !== undefined && { step: item.step }),
      specSha256: this.#specSha256,
      answer: rewarded,
      verdicts,
      judge: cost,
    });
    this.#countCost(cost);
    return rewarded;
  }

  /** The judge's calls, made anew as often as somebody asks for that. */
  async #judged(question: JudgeQuestion, count: number, state: Running): ReturnType<typeof judge> {
    for (;;) {
      if (this.stopped.aborted) {
        state.waiting = String(this.stopped.reason); // until the job is put away
        if (!this.#closing.signal.aborted) await once(this.#closing.signal, 'abort');
        throw this.#closing.signal.reason;
      }
      try {
        return await judge(this.#judges, question, count, state.calls.signal);
      } catch (error) {
        if (!(error instanceof AskedAgain)) throw error;
        state.calls = new AbortController();
      }
    }
  }

  #countCost({ calls, promptTokens, completionTokens }: JudgeCost): void {
    this.#seen.judgeCalls += calls;
    this.#seen.promptTokens += promptTokens;
    this.#seen.completionTokens += completionTokens;
  }

  #forgetOldest(): void {
    const ended = [...this.#batches.values()].filter(({ answers }) => !answers.includes(null));
    for (const { id } of ended.slice(0, -ENDED_BATCHES)) this.#batches.delete(id);
  }
}

class AskedAgain extends Error {}
