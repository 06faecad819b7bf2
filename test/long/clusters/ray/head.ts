import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../../activities/processes/ports.ts';

const RAY = process.env['FLYWHEEL_TEST_RAY'] ?? 'ray';
/** Outside of 10002 to 19999, which are Ray's own. */
const DASHBOARD = 28265;
const GCS = 28266;
const BRIDGE = path.join(import.meta.dirname, 'bridge.mjs');

/**
 * A real Ray head, and nodes beside it, in a network namespace that has a loopback alone: several of Ray's ports listen
 * on all addresses. Its processes are known by a mark in their environment.
 */
export class RayHead {
  /** Short: the sockets below it may not exceed 107 characters. */
  readonly #base = mkdtempSync('/tmp/ray-');
  readonly #children: ChildProcess[] = [];
  address = '';

  async start(): Promise<void> {
    const version = spawnSync(RAY, ['--version'], { encoding: 'utf8' });
    if (version.error || version.status !== 0)
      throw new Error(
        'Expected Ray to be installed, got no program ' +
          `${RAY}: python3 -m venv V && V/bin/pip install 'ray[default]==2.60.0', then FLYWHEEL_TEST_RAY=V/bin/ray`,
      );
    const namespace = this.#spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up && exec sleep 7200']);
    await sleep(500);
    if (namespace.exitCode !== null)
      throw new Error('Expected to make a network namespace: run as root, with iproute2');
    const port = await freePort();
    const socket = path.join(this.#base, 'b');
    this.#spawn('nsenter', [...this.#inside(), process.execPath, BRIDGE, socket, String(DASHBOARD)]);
    this.#spawn(process.execPath, [BRIDGE, String(port), socket]);
    this.address = `http://127.0.0.1:${port}`;
    await this.head();
  }

  /** Lets jobs reach a server of this machine by its own address. */
  letIn(port: number): void {
    const socket = path.join(this.#base, `p${port}`);
    this.#spawn(process.execPath, [BRIDGE, socket, String(port)]);
    this.#spawn('nsenter', [...this.#inside(), process.execPath, BRIDGE, String(port), socket]);
  }

  /** Starts the head, also after it was killed. */
  async head(): Promise<void> {
    for (let left = 3; ; left -= 1) {
      try {
        this.#ray(
          `start --head --node-ip-address 127.0.0.1 --port ${GCS} --temp-dir ${this.#base}/h --num-cpus 2 --num-gpus 0 ` +
            `--include-dashboard true --dashboard-host 127.0.0.1 --dashboard-port ${DASHBOARD}`,
        );
        break;
      } catch (error) {
        // A busy machine takes longer for the dashboard than Ray waits for it.
        if (left === 1) throw error;
        await this.stopProcesses();
      }
    }
    for (;;) {
      const up = await fetch(`${this.address}/api/version`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (up) return;
      await sleep(200);
    }
  }

  /** Another node, with GPUs that it pretends to have. @returns the pid of its raylet. */
  node(gpus: number): number {
    const before = new Set(this.pids('raylet'));
    this.#ray(`start --address 127.0.0.1:${GCS} --node-ip-address 127.0.0.2 --num-cpus 1 --num-gpus ${gpus}`);
    const [raylet] = this.pids('raylet').filter((pid) => !before.has(pid));
    if (raylet === undefined) throw new Error('Expected the node to have a raylet');
    return raylet;
  }

  /** Processes of this Ray whose program has that name. */
  pids(program: string): number[] {
    return this.#all().filter((pid) => {
      const [name = ''] = read(`/proc/${pid}/cmdline`).split('\0');
      return path.basename(name) === program;
    });
  }

  /** The actors that look after a job each. */
  supervisors(): number[] {
    return this.#all().filter((pid) => read(`/proc/${pid}/cmdline`).startsWith('ray::JobSupervisor'));
  }

  /** Cuts its network, and mends it. */
  network(state: 'up' | 'down'): void {
    spawnSync('nsenter', [...this.#inside(), 'ip', 'link', 'set', 'lo', state]);
  }

  /** Ends all that is Ray's, and leaves the network. */
  async stopProcesses(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      for (const pid of this.#all()) end(pid, signal);
      await sleep(1_000);
    }
  }

  async stop(): Promise<void> {
    await this.stopProcesses();
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#base, { recursive: true, force: true });
  }

  #all(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`FLYWHEEL_TEST_RAY_BASE=${this.#base}`))
      .map(Number);
  }

  #ray(command: string): void {
    const env = {
      ...process.env,
      FLYWHEEL_TEST_RAY_BASE: this.#base,
      RAY_ENABLE_UV_RUN_RUNTIME_ENV: '0',
      RAY_DISABLE_IMPORT_WARNING: '1',
    };
    const args = `${command} --object-store-memory 104857600 --disable-usage-stats`.split(' ');
    const started = spawnSync('nsenter', [...this.#inside(), RAY, ...args], { encoding: 'utf8', env });
    if (started.status !== 0) throw new Error(`Ray did not start: ${started.stdout}\n${started.stderr}`);
  }

  #inside(): string[] {
    return ['-t', String(this.#children[0]?.pid), '-n', '--'];
  }

  #spawn(program: string, args: string[]): ChildProcess {
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    this.#children.push(child);
    return child;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}
