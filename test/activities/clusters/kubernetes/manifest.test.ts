import { jobManifest, secretManifest } from '../../../../activities/clusters/kubernetes/manifest.ts';
import { jobName } from '../../../../activities/clusters/kubernetes/names.ts';
import { kubernetesSettings } from '../../../../activities/clusters/kubernetes/settings.ts';

const trainer = {
  name: 'trainer',
  resources: { requests: { cpu: '8' }, limits: { memory: '64Gi' } },
  volumeMounts: [{ name: 'store', mountPath: '/store' }],
};
const settingsOf = (...containers: object[]) =>
  kubernetesSettings.parse({
    kind: 'kubernetes',
    namespace: 'training',
    python: '/opt/python',
    template: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { labels: { team: 'provers' } },
      spec: { activeDeadlineSeconds: 86_400, template: { spec: { priorityClassName: 'research', containers } } },
    },
  });
const settings = settingsOf({ ...trainer, image: 'registry.example/trainer:1' }, { name: 'sidecar' });
const attempt = {
  jobKey: 'main/lap-0001/verifier-v1',
  attempt: 2,
  command: ['/opt/venv/bin/python', '-m', 'trainer.train', '/store/job-2.json'],
  env: { FLYWHEEL_REWARD_TOKEN: 'a secret of ours', UNSET: undefined },
  image: 'engine:1',
  queue: 'gpus',
  resources: { nodes: 1, gpusPerNode: 4, wallSeconds: 60 },
  log: '/store/attempt-2.log',
};
const naming = { name: 'fw-1', installation: 'i', secret: 'fw-1' };

test('a Job has the name of its attempt, whoever submits it, which fits a label', () => {
  const name = jobName('i', attempt.jobKey, 2);
  expect(name).toMatch(/^fw-[0-9a-f]{32}$/);
  expect(jobName('i', attempt.jobKey, 2)).toBe(name);
  const others = [jobName('i', attempt.jobKey, 1), jobName('i', 'main/lap-0001', 2), jobName('j', attempt.jobKey, 2)];
  expect(new Set([name, ...others]).size).toBe(4);
});

test('a Job is the template with what is the attempt’s, and runs once', () => {
  expect(jobManifest(attempt, naming, settings)).toMatchObject({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'fw-1',
      namespace: 'training',
      labels: { team: 'provers', 'kueue.x-k8s.io/queue-name': 'gpus', 'app.kubernetes.io/managed-by': 'flywheel' },
      annotations: { 'flywheel/job-key': attempt.jobKey, 'flywheel/attempt': '2' },
    },
    spec: {
      activeDeadlineSeconds: 86_400,
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      template: {
        spec: {
          priorityClassName: 'research',
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 120,
          containers: [
            {
              name: 'trainer',
              image: 'registry.example/trainer:1',
              envFrom: [{ secretRef: { name: 'fw-1' } }],
              resources: { requests: { cpu: '8' }, limits: { memory: '64Gi', 'nvidia.com/gpu': '4' } },
              volumeMounts: [{ name: 'store', mountPath: '/store' }],
            },
            { name: 'sidecar' },
          ],
        },
      },
    },
  });
});

test('the interpreter is the image’s, and the image is the engine’s where the template has none', () => {
  const made = jobManifest(attempt, naming, settingsOf(trainer)) as {
    spec: { template: { spec: { containers: { image: string; command: string[] }[] } } };
  };
  const [container] = made.spec.template.spec.containers;
  expect(container?.image).toBe('engine:1');
  expect(container?.command.slice(-4)).toEqual(['/opt/python', ...attempt.command.slice(1)]);
});

test('what a job alone may see is in its Secret, and not in its Job', () => {
  expect(JSON.stringify(jobManifest(attempt, naming, settings))).not.toContain('a secret of ours');
  expect(secretManifest(attempt, naming)).toMatchObject({
    kind: 'Secret',
    metadata: { name: 'fw-1' },
    stringData: { FLYWHEEL_REWARD_TOKEN: 'a secret of ours' },
  });
});
