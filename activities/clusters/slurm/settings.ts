import * as z from 'zod';

/** What we say ourselves of every job; another answer would run it twice, or hide it. */
const OURS = (
  'requeue no-requeue export export-file get-user-env hold job-name comment output error open-mode signal time ' +
  'time-min nodes chdir array wait parsable test-only wrap account partition qos constraint gres dependency cluster ' +
  'clusters uid begin'
).split(' ');

const option = z
  .string()
  .regex(/^--[a-z][a-z-]+(=[^\n]*)?$/, 'expected an option of sbatch such as "--mem=0"')
  .refine((text) => !OURS.includes(text.slice(2).split('=')[0] as string), 'said by a field of its own, or by us');

const word = z.string().regex(/^[^\s,][^\s]*$/, 'expected a name as Slurm has it');
const line = z.string().regex(/^[^\n]*$/, 'expected one line');

/** Settings of a cluster that is a Slurm's, or a way of using one; several may name the same. */
export const slurmSettings = z
  .strictObject({
    kind: z.literal('slurm'),
    /** @default those of this user at that site */
    account: word.optional(),
    /** A recipe's `training.queue` says another. @default the site's */
    partition: word.optional(),
    qos: word.optional(),
    constraint: word.optional(),
    /** A node's GPUs by the site's exact name, where `{gpus}` stands for how many. @default "gpu:{gpus}" */
    gres: z
      .string()
      .regex(/^\S*\{gpus\}\S*$/, 'expected a gres with {gpus}, such as "gpu:h100:{gpus}"')
      .default('gpu:{gpus}'),
    /** Other options of sbatch, such as `--mem=0`, `--exclusive`, `--cpus-per-task=16`. */
    options: z.array(option).default([]),
    /** Lines of bash before the trainer is started, such as `module load cuda`. */
    setup: z.array(line).default([]),
    /** Variables of jobs, beside those that trainers need. They stand in the script: no place for secrets. */
    env: z.record(z.string().regex(/^[A-Za-z_]\w*$/, 'expected the name of a variable'), z.string()).default({}),
    /** Words before the command, where `{image}` stands for the engine's image, or for `image`. */
    container: z.array(z.string()).optional(),
    image: z.string().optional(),
    /** The project's folder on the nodes. @default where it is here */
    folder: z.string().startsWith('/', 'expected an absolute path').optional(),
    /** The longest time that the site gives a job: training goes on in another attempt after it. @default no limit */
    longestSeconds: z.int().min(120).optional(),
    /** How long before its time limit a job is asked to save (SIGTERM). @default 120 */
    warnSeconds: z.int().min(1).max(3600).default(120),
    /** Between two looks at all jobs together: login nodes are shared. @default 30 s */
    lookEveryMs: z.int().min(50).max(120_000).default(30_000),
    /** How long a command may take; a controller that is away keeps each for 18 s. @default 30 s */
    commandTimeoutMs: z.int().min(1_000).default(30_000),
    /** How long a job may take to leave after it was ended, nodes' clean-up included. @default 10 minutes */
    leaveTimeoutMs: z.int().min(1_000).default(600_000),
    /** Whether `sacct` may be asked about jobs that have left the queue. @default false */
    accounting: z.boolean().default(false),
    /** slurmrestd in place of the commands. @default the commands */
    rest: z
      .strictObject({
        url: z.url({ protocol: /^https?$/ }),
        version: z.enum(['v0.0.38', 'v0.0.39', 'v0.0.40', 'v0.0.41', 'v0.0.42']).default('v0.0.38'),
        /** Whose jobs they are. */
        user: word,
        /** File that has a token; who renews it is the site. @default the command's */
        tokenFile: z.string().startsWith('/', 'expected an absolute path').optional(),
        /** Prints a token for so many `{seconds}`. @default scontrol */
        tokenCommand: z.array(z.string()).min(1).default(['scontrol', 'token', 'lifespan={seconds}']),
        /** How long a token holds; another is taken after half of it. @default 1800 */
        tokenSeconds: z.int().min(60).default(1800),
      })
      .optional(),
    /** The site's slurm.conf. @default as the commands find it */
    conf: z.string().startsWith('/', 'expected an absolute path').optional(),
    /** Jobs run on this very machine, so that 127.0.0.1 is the same for them: a Slurm of one node. @default false */
    sharesMachine: z.boolean().default(false),
  })
  .refine(({ rest, options, accounting }) => rest === undefined || (options.length === 0 && !accounting), {
    path: ['rest'],
    message: 'expected neither options nor accounting beside it: those are of the commands',
  })
  .refine(({ longestSeconds, warnSeconds }) => longestSeconds === undefined || longestSeconds >= warnSeconds + 60, {
    path: ['warnSeconds'],
    message: 'expected at least a minute less than longestSeconds: Slurm may warn a minute early',
  });

export type SlurmSettings = z.infer<typeof slurmSettings>;
