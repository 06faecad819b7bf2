import type { CheckpointRef, Problem, Task } from '../../shared/records.ts';
import type { PromptSet } from '../store/promptSet.ts';
import type { RunTrainingInput } from '../training/types.ts';
import type { TaskSettings } from './rows.ts';

/** What a base is taught, and how. */
export interface Teaching {
  /** What the base that comes out is called: its files are below `bases/<name>`. */
  readonly name: string;
  readonly base: CheckpointRef;
  readonly tasks: readonly Task[];
  readonly prompts: PromptSet;
  /** What the base writes about, beside the examples. @default the examples' own problems */
  readonly problems?: readonly Problem[] | undefined;
  /** How laps will ask each task. */
  readonly settings: (task: Task) => Omit<TaskSettings, 'thinking'>;
  readonly rows: number;
  /** @default one pass over the rows */
  readonly steps?: number | undefined;
  readonly learningRate: number;
  /** Questions of each task, before and after. */
  readonly questions: number;
  readonly means: Pick<RunTrainingInput, 'cluster' | 'maxAttempts' | 'resources'>;
}
