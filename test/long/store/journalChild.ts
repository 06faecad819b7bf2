import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';

/** A process that writes the journal `log.jsonl` of a store, as one of another host. */
export class JournalChild {
  readonly process: ChildProcess;
  readonly #said: Interface;
  readonly said: string[] = [];

  private constructor(process: ChildProcess) {
    this.process = process;
    this.#said = createInterface({ input: process.stdout! });
    this.#said.on('line', (line) => this.said.push(line));
  }

  /** @param place a folder, or an `S3Place`. */
  static async open(place: string | object, cache: string, host: string): Promise<JournalChild> {
    const script = path.join(import.meta.dirname, 'journalProcess.ts');
    const at = typeof place === 'string' ? place : JSON.stringify(place);
    const child = new JournalChild(
      spawn(process.execPath, ['--import', 'tsx', script, at, cache, host], {
        env: process.env,
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    await child.until('open');
    return child;
  }

  tell(n: number): void {
    this.process.stdin?.write(`${n}\n`);
  }

  async until(line: string): Promise<void> {
    while (!this.said.includes(line)) {
      if (this.process.exitCode !== null) throw new Error(`Expected ${line}, got ${this.said.join(', ')}`);
      await Promise.race([once(this.#said, 'line'), once(this.#said, 'close')]);
    }
  }

  /** What it was told to be safe. */
  get safe(): number[] {
    return this.said.filter((line) => line.startsWith('safe ')).map((line) => Number(line.slice(5)));
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }
}
