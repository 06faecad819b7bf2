import { clusterContract } from '../../../activities/clusters/contract.ts';
import { ControlPlane } from './controlPlane.ts';
import { kubernetesCluster } from './fixture.ts';
import { submitAndDie } from './submitAndDie.ts';

jest.setTimeout(180_000);

const plane = new ControlPlane();
beforeAll(() => plane.start(['n1']));
afterAll(() => plane.stop());

clusterContract('a Kubernetes cluster', {
  open: (folder) => kubernetesCluster(plane.kubeconfig, folder),
  submitAndDie: (folder, attempt) => submitAndDie(plane.kubeconfig, folder, attempt),
});
