import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { clusterContract } from '../../../activities/clusters/contract.ts';
import { ControlPlane } from './controlPlane.ts';
import { kubernetesCluster } from './fixture.ts';

jest.setTimeout(180_000);

const SUBMITTER = 'test/long/clusters/kubernetes/submitter.ts';

const plane = new ControlPlane();
beforeAll(() => plane.start(['n1']));
afterAll(() => plane.stop());

clusterContract('a Kubernetes cluster', {
  open: (folder) => kubernetesCluster(plane.kubeconfig, folder),
  async submitAndDie(folder, attempt) {
    const submitter = spawn(
      process.execPath,
      ['--import', 'tsx', SUBMITTER, plane.kubeconfig, folder, JSON.stringify(attempt)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await Promise.race([once(submitter.stdout, 'data'), once(submitter, 'exit')]);
    submitter.kill('SIGKILL');
    if (submitter.exitCode === null && submitter.signalCode === null) await once(submitter, 'exit');
  },
});
