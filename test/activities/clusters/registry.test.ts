import { clusterFor, clusterNamed, openClusters } from '../../../activities/clusters/registry.ts';
import { localCluster } from './fixture.ts';

const machine = { folder: '/nowhere', root: '/', env: {} };
const open = (text: string) => openClusters(text, machine);

test('clusters have the names and the settings that the configuration gives them', async () => {
  const [local, big] = open('{"local":{"kind":"local"},"big":{"kind":"local","capacity":{"nodes":1,"gpusPerNode":8}}}');
  expect(local).toMatchObject({ name: 'local', lookEveryMs: 500 });
  expect(big?.name).toBe('big');
  expect(await big?.capacity()).toEqual({ nodes: 1, gpusPerNode: 8 });
});

test.each([
  ['no JSON', 'local', 'Expected FLYWHEEL_CLUSTERS to be JSON such as {"local":{"kind":"local"}}, got "local"'],
  ['an unknown kind', '{"moon":{"kind":"fak"}}', /^FLYWHEEL_CLUSTERS\.moon\.kind: .*'local' .*got "fak"\./],
  ['an unknown field', '{"local":{"kind":"local","gpus":8}}', 'FLYWHEEL_CLUSTERS.local'],
  ['a name that is a path', '{"../x":{"kind":"local"}}', 'FLYWHEEL_CLUSTERS'],
])('%s is refused by name', (_what, text, words) => {
  expect(() => open(text)).toThrow(words);
});

const one = [localCluster('/nowhere')];

test('a cluster that is not configured is refused, with the names of those that are', () => {
  expect(clusterNamed(one, 'local').name).toBe('local');
  expect(() => clusterNamed(one, 'slurm')).toThrow(
    expect.objectContaining({
      type: 'ClusterUnavailable',
      nonRetryable: true,
      message: expect.stringMatching(/one that this installation has \(local\), got "slurm"/),
    }),
  );
});

test('a cluster holds what fits on its nodes, and the refusal says what was asked and what there is', async () => {
  expect(await clusterFor(one, 'local', { nodes: 1, gpusPerNode: 0 })).toBe(one[0]);
  await expect(clusterFor(one, 'local', { nodes: 16, gpusPerNode: 8 })).rejects.toMatchObject({
    type: 'ClusterTooSmall',
    nonRetryable: true,
    message: expect.stringMatching(/16 nodes with 8 GPUs each, local has 1 node with 0 GPUs each/),
  });
});
