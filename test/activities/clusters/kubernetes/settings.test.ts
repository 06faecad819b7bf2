import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openClusters } from '../../../../activities/clusters/registry.ts';

const machine = { folder: '/nowhere', root: '/', env: {} };
const containers = [{ name: 'trainer', image: 'trainer:1' }];
const job = (spec: object = {}, pod: object = { containers }) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  spec: { ...spec, template: { spec: pod } },
});
const open = (more: object) =>
  openClusters(JSON.stringify({ k8s: { kind: 'kubernetes', namespace: 'training', ...more } }), machine);

test('a cluster is named, and loads no client before it is used', () => {
  expect(open({ template: job() })).toMatchObject([{ name: 'k8s', lookEveryMs: 30_000 }]);
});

test('a template may be a file, in YAML', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'flywheel-template-')), 'job.yaml');
  const text = 'apiVersion: batch/v1\nkind: Job\nspec:\n  template:\n    spec:\n      containers: [{name: trainer}]\n';
  await writeFile(file, text);
  expect(open({ template: file })).toHaveLength(1);
  await writeFile(file, text.replace('kind: Job', 'kind: CronJob'));
  expect(() => open({ template: file })).toThrow(
    /k8s\.template\.kind: .*expected "Job", "JobSet", "RayJob" or "TrainJob", got "CronJob"/,
  );
  await writeFile(file, 'kind: [');
  expect(() => open({ template: file })).toThrow(/k8s\.template: expected a file with a Job.*, got ".*job\.yaml": /);
  expect(() => open({ template: '/nowhere/job.yaml' })).toThrow('got "/nowhere/job.yaml": ENOENT');
});

const template = job();
test.each<[string, object, RegExp]>([
  ['no namespace', { namespace: undefined, template }, /k8s\.namespace: /],
  ['a name that no namespace can have', { namespace: 'My_Space', template }, /k8s\.namespace: .*got "My_Space"/],
  ['an unknown field', { template, retries: 3 }, /k8s\.retries: no such field/],
  ['attempts of the template’s own', { template: job({ backoffLimit: 6 }) }, /template\.spec\.backoffLimit: .*got 6/],
  [
    'a pod that is started again',
    { template: job({}, { containers, restartPolicy: 'OnFailure' }) },
    /template\.spec\.template\.spec\.restartPolicy: .*got "OnFailure"/,
  ],
  [
    'a command of the template’s own',
    { template: job({}, { containers: [{ name: 'x', command: ['y'] }] }) },
    /template\.spec\.template\.spec\.containers\[0\]\.command: no such field: it is set for each job/,
  ],
])('%s is refused by name', (_what, more, words) => {
  expect(() => open(more)).toThrow(words);
});
