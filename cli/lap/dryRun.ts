import { clusterNamed } from '../../activities/clusters/registry.ts';
import type { JobAttempt } from '../../activities/clusters/types.ts';
import type { ReadLap } from '../../activities/laps/read.ts';
import { engineFor, projectEngines } from '../../activities/training/engines.ts';
import { lapName, lapNumber, placeOf, uri } from '../../shared/ids.ts';
import { meansOf } from '../../shared/recipe/means.ts';
import { STAGE_NAMES, type TrainingName } from '../../shared/stages.ts';
import { config } from '../../temporal.config.ts';
import { configuredClusters } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';

const TRAININGS: readonly string[] = ['consolidation', ...STAGE_NAMES] satisfies readonly TrainingName[];
const isTraining = (phase: string): phase is TrainingName => TRAININGS.includes(phase);

/** The jobs that a lap's trainings would be, as their cluster would be given them. Nothing is submitted or written. */
export async function dryRunLines({ run, recipe, plan, manifest }: ReadLap): Promise<string[]> {
  const clusters = configuredClusters();
  const lap = lapName(run, manifest === undefined ? 1 : lapNumber(manifest.lap) + 1);
  const lines: string[] = [];
  for (const { phase } of plan.phases) {
    if (!isTraining(phase)) continue;
    const { cluster: name, engine: engineName, resources } = meansOf(recipe, phase);
    const cluster = clusterNamed(clusters, name);
    const engine = engineFor(projectEngines(config.python), engineName, phase === 'consolidation' ? 'sft' : 'grpo');
    const jobKey = placeOf(lap, phase);
    const attempt: JobAttempt = {
      jobKey,
      attempt: 1,
      command: engine.command(await store.forJobs(uri.jobs(jobKey, 'job-1.json'))),
      image: engine.image,
      launch: engine.launch,
      env: {},
      queue: undefined,
      resources,
      log: await store.local(uri.jobs(jobKey, 'attempt-1.log')),
    };
    const { nodes, gpusPerNode, wallSeconds } = resources;
    lines.push(
      `# ${jobKey} on ${name}: ${nodes} node${nodes === 1 ? '' : 's'} of ${gpusPerNode} GPUs, ${wallSeconds / 3600} h`,
      cluster.show?.(attempt) ?? attempt.command.join(' '),
      '',
    );
  }
  return lines;
}
