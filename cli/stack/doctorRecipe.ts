import { randomUUID } from 'node:crypto';
import { importBase } from '../../activities/imports/bases.ts';
import { Identity } from '../../activities/inference/identity.ts';
import { ModelServers } from '../../activities/inference/servers.ts';
import type { AskedRates } from '../../activities/laps/planFrom.ts';
import type { ReadLap } from '../../activities/laps/read.ts';
import { limitsHere } from '../../activities/laps/refusals.ts';
import { askRoles, type RoleSeen } from '../../activities/preflight/roles.ts';
import { POOL } from '../../activities/serving/pool/settings.ts';
import { markFormat } from '../../activities/store/format.ts';
import { openPromptSet, promptSetNamed } from '../../activities/store/promptSets.ts';
import { tokenCounter } from '../../activities/store/tokenizer.ts';
import { prefixOf, uri, type Place } from '../../shared/ids.ts';
import { refusalText, tasksAsked } from '../../shared/lap/limits.ts';
import type { CheckpointModel } from '../../shared/records.ts';
import { configuredBases, configuredChoices, configuredServers, configuredServing } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';
import { pythonIsReady } from '../../workers/stack/python.ts';
import { config } from '../../temporal.config.ts';
import type { Interruption } from '../interruption.ts';
import type { LiveView } from '../lap/liveView.ts';
import { BUNDLED } from '../../shared/sampling/localServer.ts';

export interface RecipeFinding {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'bad';
  readonly detail: string;
}

/** Endpoints that are not there are told soon: nobody waits for a doctor. Ours. */
const PATIENCE_MS = 10_000;

/**
 * Looks at a recipe as a lap would, serves its base as the recipe's engine does, and asks it in each role. What this
 * starts it ends.
 */
export async function doctorRecipe(
  lap: ReadLap,
  calls: number,
  view: LiveView,
  interruption: Interruption,
): Promise<{ readonly findings: readonly RecipeFinding[]; readonly roles: readonly RoleSeen[] }> {
  const serving = configuredServing(store);
  const { refused, warnings } = await limitsHere(configuredChoices(serving), lap);
  const findings: RecipeFinding[] = [
    refused.length === 0
      ? {
          name: 'recipe',
          state: 'ok',
          detail: `its sizes fit its files and servers${warnings.map((each) => `; ${each}`).join('')}`,
        }
      : { name: 'recipe', state: 'bad', detail: refused.map(refusalText).join('\n  ') },
    ...(lap.facts.notes ?? []).map((detail) => ({ name: 'recipe', state: 'missing' as const, detail })),
  ];
  const unasked = (detail: string) => ({
    findings: [...findings, { name: 'base', state: 'bad' as const, detail }],
    roles: [],
  });
  const { recipe, domain } = lap;
  const { engine } = recipe.inference;
  if (refused.some(({ field }) => ['domain.base', 'domain.prompts', 'inference.engine'].includes(field)))
    return { findings, roles: [] };
  if (engine === BUNDLED && !(await pythonIsReady()))
    return unasked('is not asked: the bundled server needs the Python environment, which `flywheel dev` makes');

  const holder = `doctor/${randomUUID()}` as Place;
  let served: Promise<unknown> = Promise.resolve();
  const before = new Set((await configuredServers().list()).map(({ name }) => name));
  try {
    await markFormat(store);
    view.say(`Serving ${recipe.domain.base} by ${engine}.`);
    const places = { root: config.root, bases: configuredBases() };
    const { checkpoint } = await interruption.orEndOf(importBase(store, places, domain, recipe.domain.base));
    const prompts = await openPromptSet(store, await promptSetNamed(store, recipe.domain.prompts, recipe.metaRubric));
    const model: CheckpointModel = { role: 'candidate', checkpoint };
    // Replicas are nobody's process here: they end with the last hold.
    served =
      engine === POOL
        ? serving.hold([model], { holder, engine, hours: 1 })
        : serving.endpoints(model, { engine, refresh: true });
    await interruption.orEndOf(served);
    const servers = new ModelServers({
      resolve: (asked, options) => serving.endpoints(asked, { ...options, engine }),
      patienceMs: PATIENCE_MS,
      identity: new Identity(store),
    });
    servers.of(model).limitTo(recipe.inference.maxConcurrency);
    const counter = await tokenCounter(store, prefixOf(checkpoint.uri));
    const tasks = tasksAsked(lap);
    try {
      const { roles, rates } = await askRoles(
        servers,
        { recipe, model, prompts, counter, tasks, calls },
        interruption.signal,
        (task, done, of) => view.update(`${task}: ${done} of ${of} answers`, `${task} ${done}`),
      );
      if (roles.some(({ ended, cut }) => ended + cut > 0)) {
        const kept: AskedRates = {
          prompts: recipe.domain.prompts,
          asked: recipe.sampling,
          rates,
          at: new Date().toISOString(),
        };
        await store.writeJson(uri.rates(checkpoint.sha256, engine), kept);
      }
      const minShare = recipe.formatCheck?.minShare ?? 0.5;
      return { findings: [...findings, ...roles.map((role) => findingOf(role, minShare))], roles };
    } finally {
      await servers.close();
    }
  } catch (error) {
    interruption.check();
    const { message } = error as Error;
    const remedy = 'start the server, or mend where it is named (FLYWHEEL_ENDPOINTS, `flywheel import endpoints`)';
    return unasked(engine === 'external' ? `${message}: ${remedy}` : message);
  } finally {
    view.clear();
    await served.catch(() => undefined); // told above, if nobody interrupted: a server may be on its way
    const started = (await configuredServers().list()).map(({ name }) => name).filter((name) => !before.has(name));
    if (started.length > 0) await configuredServers().stop({ names: started });
    if (engine === POOL) await serving.letGo(holder);
  }
}

function findingOf(role: RoleSeen, minShare: number): RecipeFinding {
  const { task, calls, answered, lost, template, isTemplateRight, ended, cut, thought, tokensPerSecond } = role;
  const isObeyed = answered >= minShare * calls;
  const lines = [
    `format kept in ${answered} of ${calls}` +
      (tokensPerSecond === null ? '' : `, ${tokensPerSecond.toFixed(0)} tokens a second`),
    `chat template: ${template}`,
    `${ended} ended by themselves, ${cut} at a limit; ${thought === 0 ? 'none' : thought} thought before`,
    ...(answered < calls ? [`${lost.kinds}; one of them: ${lost.sample}`] : []),
    ...(answered < calls && lost.helps.length > 0 ? [`what helps: ${lost.helps.join('; ')}`] : []),
  ];
  return { name: task, state: isObeyed && isTemplateRight ? 'ok' : 'bad', detail: lines.join('\n  ') };
}
