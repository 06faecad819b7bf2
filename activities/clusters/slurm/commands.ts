import type { Environment } from '../../processes/records.ts';
import type { ClusterCapacity } from '../types.ts';
import { sbatchOptions } from './options.ts';
import {
  nodesAway,
  OF_NODES,
  parseSacct,
  parseSinfo,
  parseSqueue,
  parseSubmitted,
  refusalIn,
  SACCT_FORMAT,
  SQUEUE_FORMAT,
} from './parse.ts';
import { runCommand, type Ran } from './run.ts';
import type { SlurmSettings } from './settings.ts';
import type { SlurmJob, SlurmRequest, SlurmTransport } from './types.ts';

/** Slurm by its commands, which every site has. Nothing is read as JSON: not all versions can print it. */
export class SlurmCommands implements SlurmTransport {
  readonly controller: string;
  readonly #settings: SlurmSettings;
  readonly #env: Environment;

  constructor(settings: SlurmSettings, env: Environment) {
    this.#settings = settings;
    this.#env = settings.conf === undefined ? env : { ...env, SLURM_CONF: settings.conf };
    this.controller = `commands ${this.#env['SLURM_CONF'] ?? ''}`;
  }

  async submit(request: SlurmRequest): Promise<string> {
    const options = ['--parsable', '--hold', ...sbatchOptions(request, this.#settings)];
    return parseSubmitted(await this.#ask('sbatch', ...options, request.scriptFile));
  }

  async refusal(request: SlurmRequest): Promise<string | undefined> {
    const refused = await this.#refusal(request);
    if (refused === undefined || !OF_NODES.test(refused)) return refused;
    const away = nodesAway(await this.#nodes());
    if (away.length > 0)
      throw new Error(
        `Expected Slurm to say whether the job can run, it says ${JSON.stringify(refused)} while nodes are away ` +
          `(${away.slice(0, 8).join(', ')}${away.length > 8 ? `, ${away.length} in all` : ''}): it is asked again`,
      );
    return this.#refusal(request); // they may have come back in between
  }

  async #refusal(request: SlurmRequest): Promise<string | undefined> {
    const ran = await this.#run('sbatch', ['--test-only', ...sbatchOptions(request, this.#settings), '--wrap=true']);
    if (ran.code === 0) return undefined;
    const refused = refusalIn(ran.stderr);
    if (refused === undefined) throw failed('sbatch --test-only', ran);
    return refused;
  }

  async list(names: readonly string[]): Promise<SlurmJob[]> {
    if (names.length === 0) return [];
    const user = String(process.getuid?.() ?? '');
    const args = ['-h', '-t', 'all', '-u', user, `--name=${names.join(',')}`, '-o', SQUEUE_FORMAT];
    return parseSqueue(await this.#ask('squeue', ...args));
  }

  async ended(id: string): Promise<SlurmJob | undefined> {
    if (!this.#settings.accounting) return undefined;
    const [found] = parseSacct(await this.#ask('sacct', '-X', '-n', '-P', '-j', id, '-o', SACCT_FORMAT));
    return found;
  }

  async release(id: string): Promise<void> {
    const ran = await this.#run('scontrol', ['release', id]);
    const isLetGo = /no longer pending|already complet|Invalid job id/i.test(ran.stderr);
    if (ran.code !== 0 && !isLetGo) throw failed('scontrol release', ran);
  }

  async terminate(id: string): Promise<void> {
    const steps = (await this.#ask('squeue', '-h', '-s', '-j', id, '-o', '%i')).split('\n');
    const hasSteps = steps.some((step) => /\.\d+$/.test(step.trim()));
    await this.#end(...(hasSteps ? [] : ['--full']), '--signal=TERM', id);
  }

  async cancel(id: string): Promise<void> {
    await this.#end(id);
  }

  async capacity(): Promise<ClusterCapacity> {
    return parseSinfo(await this.#nodes());
  }

  #nodes(): Promise<string> {
    const { partition } = this.#settings;
    return this.#ask('sinfo', '-h', '-N', ...(partition === undefined ? [] : ['-p', partition]), '-o', '%N|%t|%G');
  }

  /** A job that has ended meanwhile, or does not run yet, is none to send a signal to: whoever waits sees which. */
  async #end(...args: string[]): Promise<void> {
    const ran = await this.#run('scancel', args);
    const { stderr } = ran;
    if (ran.code !== 0 && !/already complet|Invalid job id|can not be altered now/i.test(stderr))
      throw failed('scancel', ran);
  }

  async #ask(program: string, ...args: string[]): Promise<string> {
    const ran = await this.#run(program, args);
    if (ran.code !== 0) throw failed(program, ran);
    return ran.stdout;
  }

  #run(program: string, args: readonly string[]): Promise<Ran> {
    return runCommand(program, args, { env: this.#env, timeoutMs: this.#settings.commandTimeoutMs });
  }
}

function failed(what: string, { code, stderr }: Ran): Error {
  return new Error(`Expected ${what} to answer, it ended with ${code}: ${stderr.trim().slice(0, 600)}`);
}
