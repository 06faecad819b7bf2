import { projectEngines } from '../../../activities/training/engines.ts';
import { domains } from '../../../domains/index.ts';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import { config } from '../../../temporal.config.ts';
import { localCluster } from '../clusters/fixture.ts';

/** An installation as laps are opened in, without a hub. */
export const here = {
  root: config.root,
  domains,
  clusters: [localCluster('/nowhere')],
  servingEngines: ['batcher', 'external'],
  isUnderWay: () => Promise.resolve(false),
  trainingEngines: projectEngines('python3'),
  bases: { fetch: () => Promise.reject(new Error('no hub is asked here')), inspect: () => Promise.resolve([]) },
};

/** The problems of a smoke lap by their splits. */
export const smokeProblems = () =>
  domains.of('rehearsal').problems({
    settings: smoke.domain.settings,
    turn: 1,
    curriculum: smoke.curriculum,
    seed: smoke.seed,
    // oxlint-disable-next-line require-yield
    read: async function* () {
      throw new Error('no file is read');
    },
  });
