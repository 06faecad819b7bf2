import {
  nodesAway,
  gpusOf,
  parseSacct,
  parseSinfo,
  parseSqueue,
  parseSubmitted,
  refusalIn,
} from '../../../../activities/clusters/slurm/parse.ts';

// Lines as Slurm 22.05.8 printed them.
test('a list of jobs is read field by field, and a comment is kept whole', () => {
  const comment = '{"jobKey":"main/lap-0001/sft","attempt":1,"of":"a|b"}';
  expect(parseSqueue(`1|PENDING|JobHeldUser|1795863877|N/A|${comment}\n`)).toEqual([
    { id: '1', state: 'PENDING', reason: 'JobHeldUser', submittedAt: 1795863877000, comment },
  ]);
  expect(parseSqueue('5|COMPLETED|None|1795863890|1795863892|(null)\n6|RUNNING|None|1795863890|1795863890|\n')).toEqual(
    [
      {
        id: '5',
        state: 'COMPLETED',
        reason: 'None',
        submittedAt: 1795863890000,
        startedAt: 1795863892000,
        comment: '(null)',
      },
      { id: '6', state: 'RUNNING', reason: 'None', submittedAt: 1795863890000, startedAt: 1795863890000, comment: '' },
    ],
  );
  expect(parseSqueue('\n')).toEqual([]);
});

test('the start of a job that waits is a forecast, and no start', () => {
  const line = '9|PENDING|ReqNodeNotAvail, UnavailableNodes:n1|1795863877|1795869999|x';
  expect(parseSqueue(line)[0]).not.toHaveProperty('startedAt');
  expect(parseSqueue(line)[0]?.reason).toBe('ReqNodeNotAvail, UnavailableNodes:n1');
});

test('what is no list of jobs is an error, and never an empty list', () => {
  expect(() => parseSqueue('Warning: the controller is busy')).toThrow('Expected squeue to print jobs as');
  expect(() => parseSacct('<html>')).toThrow('Expected sacct to print jobs as');
});

test('accounting tells of a state by its first word', () => {
  expect(parseSacct('3|CANCELLED by 0|1795863890|1795863891|None\n')).toEqual([
    { id: '3', state: 'CANCELLED', reason: 'None', submittedAt: 1795863890000, startedAt: 1795863891000, comment: '' },
  ]);
  expect(parseSacct('')).toEqual([]);
});

test('an id is what sbatch prints alone, or before its cluster', () => {
  expect(parseSubmitted('12\n')).toBe('12');
  expect(parseSubmitted('12;toy\n')).toBe('12');
  expect(() => parseSubmitted('Submitted batch job 12')).toThrow("Expected sbatch to print a job's id");
});

test.each([
  ['gpu:h100:4', 4],
  ['gpu:h100:4(S:0-1),gpu:a100:2', 6],
  ['gpu:8', 8],
  ['gpu:1g.10gb:7(S:0),license:3', 7],
  ['(null)', 0],
  ['', 0],
])('of the resources %s a node has %d GPUs', (gres, gpus) => {
  expect(gpusOf(gres)).toBe(gpus);
});

test('a node of several partitions is one node', () => {
  expect(parseSinfo('n1|mix|gpu:h100:4\nn1|mix|gpu:h100:4\nn2|idle|(null)\n')).toEqual({ nodes: 2, gpusPerNode: 4 });
  expect(parseSinfo('')).toEqual({ nodes: 0, gpusPerNode: 0 });
});

test('what can never run is a refusal; a controller that does not answer is none', () => {
  expect(refusalIn('allocation failure: Requested node configuration is not available\n')).toBe(
    'allocation failure: Requested node configuration is not available',
  );
  expect(
    refusalIn('sbatch: error: invalid partition specified: nope\nallocation failure: Invalid partition name specified'),
  ).toBe('invalid partition specified: nope; allocation failure: Invalid partition name specified');
  expect(refusalIn('allocation failure: Unable to contact slurm controller (connect failure)')).toBeUndefined();
  expect(refusalIn('allocation failure: Job violates accounting/QOS policy (job submit limit)')).toBeUndefined();
});

test('nodes that Slurm gave up or has not heard of yet are away, those that are drained or full are not', () => {
  const text =
    'n1|down*|gpu:h100:4\nn1|down*|gpu:h100:4\nn2|unk*|gpu:h100:4\nn3|idle|(null)\nn4|drain|(null)\nn5|mix|(null)\n';
  expect(nodesAway(text)).toEqual(['n1 (down*)', 'n2 (unk*)']);
});
