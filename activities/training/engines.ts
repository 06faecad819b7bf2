import type { JobKind } from '../../shared/training/job.ts';

/**
 * A program that trains. Its duties are in trainer/contract/README.md; trainer/tests/test_conformance.py holds those of
 * this project to them.
 */
export interface Engine {
  /** As `training.engine` of a recipe says it. */
  readonly name: string;
  /** Program and arguments of an attempt. */
  command(jobFile: string): readonly string[];
  /** Container image that the program is in, where a cluster runs jobs in containers. */
  readonly image?: string;
  readonly kinds: readonly JobKind[];
  /** What a job of several nodes starts: one process in all, or one on each. */
  readonly launch: 'one' | 'perNode';
}

/**
 * The engines of this project; a new one is a line here. `python` is the interpreter that has the trainer's packages.
 */
export function projectEngines(python: string): Engine[] {
  return [
    {
      name: 'small',
      command: (jobFile) => [python, '-m', 'trainer.train', jobFile],
      kinds: ['grpo', 'sft'],
      launch: 'one',
    },
    {
      name: 'trl',
      command: (jobFile) => [python, '-m', 'trainer.train', jobFile],
      kinds: ['grpo', 'sft'],
      // One process a node, and it trains on one: it starts another for each GPU.
      launch: 'one',
    },
    {
      name: 'verl',
      command: (jobFile) => [python, '-m', 'trainer.engines.verl', jobFile],
      kinds: ['grpo', 'sft'],
      // On several nodes Ray starts the others' processes.
      launch: 'one',
    },
  ];
}

/**
 * The engine of that name, which does trainings of that kind.
 * @throws naming the engines that do them, where it is none of these.
 */
export function engineFor(engines: readonly Engine[], name: string, kind: JobKind): Engine {
  const able = engines.filter(({ kinds }) => kinds.includes(kind));
  const engine = able.find((each) => each.name === name);
  if (engine) return engine;
  throw new Error(
    `Expected training.engine to be one that trains by ${kind} (${able.map((each) => each.name).join(', ')}), got ` +
      JSON.stringify(name),
  );
}
