import { readFile } from 'node:fs/promises';
import type { Environment } from '../../processes/records.ts';
import { runCommand } from './run.ts';
import type { SlurmSettings } from './settings.ts';

type Rest = NonNullable<SlurmSettings['rest']>;

/** A token of slurmrestd, made anew before it runs out. */
export class RestToken {
  readonly #rest: Rest;
  readonly #env: Environment;
  #known: { readonly text: string; readonly until: number } | undefined;

  constructor(rest: Rest, env: Environment) {
    this.#rest = rest;
    this.#env = env;
  }

  /** @throws where the file or command has none. What it holds is not shown. */
  async current(): Promise<string> {
    if (this.#known !== undefined && Date.now() < this.#known.until) return this.#known.text;
    const { tokenFile, tokenCommand, tokenSeconds } = this.#rest;
    const said =
      tokenFile !== undefined ? await readFile(tokenFile, 'utf8') : await this.#made(tokenCommand, tokenSeconds);
    const text = said.trim().replace(/^SLURM_JWT=/, '');
    if (!/^[\w.=-]+$/.test(text))
      throw new Error(
        `Expected ${tokenFile ?? tokenCommand.join(' ')} to give a token of slurmrestd, got something else`,
      );
    this.#known = { text, until: Date.now() + (tokenSeconds * 1000) / 2 };
    return text;
  }

  /** One that was refused is not used again. */
  forget(): void {
    this.#known = undefined;
  }

  async #made([program = '', ...args]: readonly string[], seconds: number): Promise<string> {
    const words = args.map((word) => word.replaceAll('{seconds}', String(seconds)));
    const { code, stdout, stderr } = await runCommand(program, words, { env: this.#env, timeoutMs: 30_000 });
    if (code !== 0) throw new Error(`Expected ${program} to make a token, it ended with ${code}: ${stderr.trim()}`);
    return stdout;
  }
}
