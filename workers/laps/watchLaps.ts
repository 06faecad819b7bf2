import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { fullLapName, noticeIdOf, runOf, uri } from '../../shared/ids.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import type { Amounts } from '../../shared/lap/amounts.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';
import { motionOf, type LapStanding } from '../../shared/lap/standing.ts';
import { timeLeft } from '../../shared/lap/timeLeft.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { SearchAttributeName } from '../../shared/searchAttributes.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { SpentSoFar } from '../../reports/figures/spentSoFar.ts';
import { expectedTimes } from './expectedTime.ts';
import { progressOf } from './progressOf.ts';

const attribute = (name: SearchAttributeName) => defineSearchAttributeKey(name, 'KEYWORD');
const [LAP, PRESET] = [attribute('FlywheelLap'), attribute('FlywheelPreset')];

/** Laps at most, the newest; and for how long one that has ended is shown. Ours: a day's people see what became of it. */
const MOST_LAPS = 50;
const ENDED_MS = 86_400_000;
/** How old what is shown may be, where somebody asks. Ours: a Prometheus asks every 15 s or 30 s. */
const FRESH_MS = 14_000;

/** What is kept of a lap between two looks. */
interface Kept {
  readonly spent: SpentSoFar;
  recipe?: Recipe | undefined;
  planned?: Amounts | undefined;
  motion: string;
  movedAt: number;
  /** Of one that has ended, how it stands for good. */
  ended?: LapStanding;
}

/**
 * How the laps of this installation stand: those under way, and those that ended within a day. Looked up when somebody
 * asks, and not too often: each look asks the server and the laps.
 */
export class WatchedLaps {
  readonly #client: Client;
  readonly #store: ArtifactStore;
  readonly #kept = new Map<string, Kept>();
  readonly #expected = new Map<string, ReturnType<typeof expectedTimes>>();
  #known: readonly LapStanding[] = [];
  #lookedAt = 0;
  #looking: Promise<void> | undefined;
  /** Looks that failed. */
  failures = 0;

  constructor(client: Client, store: ArtifactStore) {
    this.#client = client;
    this.#store = store;
  }

  /** Seconds since the last look that came to its end; undefined before the first. */
  get age(): number | undefined {
    return this.#lookedAt === 0 ? undefined : (Date.now() - this.#lookedAt) / 1000;
  }

  /** @param patienceMs how long somebody waits for a look; who does not wait sees what was known before. */
  async standings(patienceMs = 5_000): Promise<readonly LapStanding[]> {
    if (Date.now() - this.#lookedAt > FRESH_MS) {
      this.#looking ??= this.#look()
        .then(
          () => void (this.#lookedAt = Date.now()),
          () => void (this.failures += 1), // the server or the store is away; the next who asks looks again
        )
        .finally(() => (this.#looking = undefined));
      let over: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (over = setTimeout(resolve, patienceMs).unref()));
      await Promise.race([this.#looking, late]);
      clearTimeout(over);
    }
    return this.#known;
  }

  async #look(): Promise<void> {
    const found: LapStanding[] = [];
    const since = new Date(Date.now() - ENDED_MS).toISOString();
    const open = 'WorkflowType = "lap" AND ExecutionStatus = "Running"';
    const ended = `WorkflowType = "lap" AND ExecutionStatus != "Running" AND CloseTime > "${since}"`;
    for (const query of [open, ended])
      for await (const info of this.#client.workflow.list({ query })) {
        if (found.length >= MOST_LAPS) break;
        found.push(await this.#standingOf(info));
      }
    this.#known = found;
    const names = new Set(found.map(({ lap }) => lap));
    for (const known of [this.#kept, this.#expected])
      for (const lap of known.keys()) if (!names.has(lap)) known.delete(lap);
  }

  async #standingOf(info: WorkflowExecutionInfo): Promise<LapStanding> {
    const { workflowId, runId, typedSearchAttributes: attributes, startTime, closeTime } = info;
    const isOpen = info.status.name === 'RUNNING';
    const said = isOpen ? await progressOf(this.#client, workflowId).catch(() => undefined) : undefined;
    const name = said?.lap ?? attributes.get(LAP);
    // One that has no name yet, or never got one.
    const lap = name ?? `${workflowId}/${runId}`;
    const kept = this.#kept.get(lap) ?? { spent: new SpentSoFar(this.#store, lap), motion: '', movedAt: Date.now() };
    this.#kept.set(lap, kept);
    if (kept.ended?.status === info.status.name.toLowerCase()) return kept.ended;
    const { spent, planned } = name === undefined ? {} : await this.#amounts(lap, kept, said);
    const motion = motionOf(said, spent);
    if (motion !== kept.motion) Object.assign(kept, { motion, movedAt: Date.now() });
    const standing: LapStanding = {
      lap,
      run: fullLapName(lap) === undefined ? workflowId : runOf(lap),
      preset: attributes.get(PRESET) ?? '',
      status: info.status.name.toLowerCase(),
      progress: said,
      left: said && timeLeft(said, await this.#expectedOf(lap)(said), Date.now()),
      spent,
      planned,
      movedAt: kept.movedAt,
      startedAt: startTime.getTime(),
      endedAt: closeTime?.getTime(),
      notices: name === undefined ? [] : await this.#noticesOf(lap),
    };
    if (!isOpen) kept.ended = standing;
    return standing;
  }

  async #amounts(lap: string, kept: Kept, said: LapProgress | undefined) {
    kept.recipe ??= await this.#store.findJson<Recipe>(uri.recipe(lap));
    kept.planned ??= (await this.#store.findJson<LapPlan>(uri.plan(lap)))?.total.expected;
    const spent = kept.recipe && (await kept.spent.read(kept.recipe, said?.underWay));
    return { spent, planned: kept.planned };
  }

  #expectedOf(lap: string): ReturnType<typeof expectedTimes> {
    const known = this.#expected.get(lap) ?? expectedTimes();
    this.#expected.set(lap, known);
    return known;
  }

  /** Of the lap, and of its sets. */
  async #noticesOf(lap: string): Promise<string[]> {
    const events = new Set<string>();
    const query = `WorkflowType = "notice" AND WorkflowId STARTS_WITH ${JSON.stringify(noticeIdOf(lap, ''))}`;
    for await (const { workflowId } of this.#client.workflow.list({ query }))
      events.add(workflowId.slice(workflowId.lastIndexOf('/') + 1));
    return [...events];
  }
}
