import { openClusters } from '../../../../activities/clusters/registry.ts';
import { refuseUnreachable } from '../../../../activities/clusters/reachable.ts';
import { minutesOf, sbatchOptions } from '../../../../activities/clusters/slurm/options.ts';
import { requestOf } from '../../../../activities/clusters/slurm/request.ts';
import { slurmSettings, type SlurmSettings } from '../../../../activities/clusters/slurm/settings.ts';
import type { JobAttempt } from '../../../../activities/clusters/types.ts';

const machine = {
  folder: '/state/run/jobs',
  root: '/project',
  env: { SECRET: 'x' },
  named: { PYTHONPATH: '/project' },
};
const open = (settings: object) => openClusters(JSON.stringify({ h100: { kind: 'slurm', ...settings } }), machine);
const settings = (more: object = {}): SlurmSettings => slurmSettings.parse({ kind: 'slurm', ...more });

const attempt = (more: Partial<JobAttempt> = {}): JobAttempt => ({
  jobKey: 'main/lap-0001/sft',
  attempt: 2,
  command: ['/python', '-m', 'trainer.train', '/store/job-2.json'],
  env: { FLYWHEEL_REWARD_TOKEN: 'secret' },
  resources: { nodes: 1, gpusPerNode: 4, wallSeconds: 3600 },
  log: '/store/jobs/attempt-2.log',
  ...more,
});
const request = (given: SlurmSettings, more: Partial<JobAttempt> = {}) =>
  requestOf(
    attempt(more),
    { jobKey: 'main/lap-0001/sft', attempt: 2, of: machine.folder },
    { settings: given, machine },
  );

test('several settings may name one Slurm, and looks are rare unless told otherwise', () => {
  const text = '{"h100":{"kind":"slurm","partition":"gpu"},"debug":{"kind":"slurm","partition":"debug"}}';
  const [big, small] = openClusters(text, machine);
  expect([big?.name, small?.name]).toEqual(['h100', 'debug']);
  expect(big).toMatchObject({ lookEveryMs: 30_000, elsewhere: true });
});

test.each([
  ['an unknown field', { gpus: 4 }, 'FLYWHEEL_CLUSTERS.h100.gpus: no such field'],
  ['a gres without its number', { gres: 'gpu:h100:4' }, 'FLYWHEEL_CLUSTERS.h100.gres: expected a gres with {gpus}'],
  ['an option that we say ourselves', { options: ['--requeue'] }, /options\[0\]: said by a field of its own, or by us/],
  ['what is no option', { options: ['-n 4'] }, /expected an option of sbatch such as "--mem=0", got "-n 4"/],
  ['a look every ten minutes', { lookEveryMs: 600_000 }, 'FLYWHEEL_CLUSTERS.h100.lookEveryMs'],
  ['a warning as long as the job', { longestSeconds: 120, warnSeconds: 90 }, 'FLYWHEEL_CLUSTERS.h100.warnSeconds'],
  ['a name of two words', { account: 'a b' }, 'FLYWHEEL_CLUSTERS.h100.account: expected a name as Slurm has it'],
])('%s is refused by name', (_what, given, words) => {
  expect(() => open(given)).toThrow(words);
});

test('a job is never requeued, gets nothing of the environment here, and its GPUs by their exact name', () => {
  const given = settings({ gres: 'gpu:h100:{gpus}', account: 'math', partition: 'gpu', options: ['--mem=0'] });
  const options = sbatchOptions(request(given), given);
  for (const option of ['--no-requeue', '--export=NONE', '--open-mode=append', '--chdir=/project', '--nodes=1'])
    expect(options).toContain(option);
  for (const option of ['--gres=gpu:h100:4', '--account=math', '--partition=gpu', '--mem=0', '--signal=B:TERM@120'])
    expect(options).toContain(option);
  expect(options).toContain('--output=/store/jobs/attempt-2.log');
  expect(options.some((option) => option.startsWith('--comment={"jobKey":"main/lap-0001/sft","attempt":2'))).toBe(true);
});

test('what srun starts is warned itself, and not srun, which would end it', () => {
  const given = settings();
  const resources = { nodes: 2, gpusPerNode: 4, wallSeconds: 60 };
  expect(sbatchOptions(request(given, { resources, launch: 'perNode' }), given)).toContain('--signal=TERM@120');
  expect(sbatchOptions(request(given, { resources, launch: 'one' }), given)).toContain('--signal=B:TERM@120');
  const pyxis = settings({ container: ['srun', '--export=ALL', '--container-image=trainer'] });
  expect(sbatchOptions(request(pyxis), pyxis)).toContain('--signal=TERM@120');
});

test('a queue that a recipe names is the partition, and a job without GPUs asks for none', () => {
  const given = settings({ partition: 'gpu' });
  const resources = { nodes: 1, gpusPerNode: 0, wallSeconds: 60 };
  const options = sbatchOptions(request(given, { queue: 'cpu', resources }), given);
  expect(options).toContain('--partition=cpu');
  expect(options.some((option) => option.startsWith('--gres'))).toBe(false);
});

test('neither options nor script hold a secret, and the script holds nothing else of the environment here', () => {
  const given = settings({ env: { NCCL_DEBUG: 'WARN' }, setup: ['module load cuda'] });
  const made = request(given);
  expect(sbatchOptions(made, given).join(' ')).not.toContain('secret');
  expect(made.script).not.toMatch(/secret|SECRET|REWARD_TOKEN/);
  expect(made.script).toContain('\nexport PYTHONPATH=/project\nexport NCCL_DEBUG=WARN\n');
  expect(made.script).toContain('\nmodule load cuda\nexec /python -m trainer.train /store/job-2.json\n');
});

test("a project that lies elsewhere on the nodes is found there, and a container's words come before the command", () => {
  const container = ['apptainer', 'exec', '--nv', '{image}'];
  const made = request(settings({ folder: '/nodes/project', container, image: '/images/trainer.sif' }));
  expect(made.script).toContain('\ncd /nodes/project || exit 72\nexport PYTHONPATH=/nodes/project\n');
  expect(made.script).toContain('\nexec apptainer exec --nv /images/trainer.sif /python ');
  expect(() => request(settings({ container }))).toThrow('Expected an image for {image}');
});

test('a time limit has room for the warning after the wall time, unless the site gives less', () => {
  expect(minutesOf(3600, settings())).toBe(63);
  expect(minutesOf(86_400, settings({ longestSeconds: 3600 }))).toBe(60);
});

test('equal keys of two installations are two jobs', () => {
  const given = settings();
  const other = requestOf(
    attempt(),
    { jobKey: 'main/lap-0001/sft', attempt: 2, of: '/other' },
    { settings: given, machine },
  );
  expect(other.name).not.toBe(request(given).name);
  expect(other.comment).not.toBe(request(given).comment);
});

test.each(['http://127.0.0.1:7300', 'http://localhost:7300', 'http://[::1]:7300', 'http://0.0.0.0:7300'])(
  'the reward address %s is refused for jobs on other machines, with what to set',
  (url) => {
    const [cluster] = open({});
    expect(() => refuseUnreachable(cluster!, url)).toThrow(
      expect.objectContaining({
        type: 'ClusterUnavailable',
        message: expect.stringContaining('set FLYWHEEL_REWARD_URL'),
      }),
    );
    refuseUnreachable(open({ sharesMachine: true })[0]!, url);
  },
);

test('an address that others reach is taken', () => {
  refuseUnreachable(open({})[0]!, 'https://rewards.example.org');
});
