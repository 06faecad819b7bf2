import { engineFor, projectEngines, type Engine } from '../../../activities/training/engines.ts';

const engines: readonly Engine[] = [
  ...projectEngines('/env/bin/python'),
  { name: 'rewardOnly', command: (jobFile) => ['train', jobFile], kinds: ['grpo'], launch: 'perNode' },
];

test('the small engine is the trainer of this project, one process that trains either way', () => {
  const small = engineFor(engines, 'small', 'sft');
  expect(small).toBe(engineFor(engines, 'small', 'grpo'));
  expect(small.command('/jobs/job-1.json')).toEqual(['/env/bin/python', '-m', 'trainer.train', '/jobs/job-1.json']);
  expect(small.launch).toBe('one');
});

test('the engine for GPUs is the same program, which starts its processes itself', () => {
  const trl = engineFor(engines, 'trl', 'grpo');
  expect(trl).toBe(engineFor(engines, 'trl', 'sft'));
  expect(trl.command('/jobs/job-1.json')).toEqual(['/env/bin/python', '-m', 'trainer.train', '/jobs/job-1.json']);
  expect(trl.launch).toBe('one');
});

test('the engine for several nodes is a program of its own, started once', () => {
  const verl = engineFor(engines, 'verl', 'grpo');
  expect(verl.command('/jobs/job-1.json')).toEqual([
    '/env/bin/python',
    '-m',
    'trainer.engines.verl',
    '/jobs/job-1.json',
  ]);
  expect(verl.launch).toBe('one');
});

test('an engine that is not there, or does not train that way, is refused with those that do', () => {
  expect(() => engineFor(engines, 'no such engine', 'grpo')).toThrow(
    /^Expected training.engine to be one that trains by grpo \(small, (.+, )?rewardOnly\), got "no such engine"$/,
  );
  expect(() => engineFor(engines, 'rewardOnly', 'sft')).toThrow(
    /^Expected training.engine to be one that trains by sft \(small(, (?!rewardOnly).+)?\), got "rewardOnly"$/,
  );
});
