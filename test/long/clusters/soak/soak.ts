import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** With an address beside 127.0.0.1: without one, names are not looked up as IPv4 (AI_ADDRCONFIG), and Slurm does. */
const IN_OWN = 'ip addr add 10.255.255.1/32 dev lo && ip link set lo up && exec "$@"';

/** Runs the soak of a back end in a network and mounts of its own. @returns its exit code. */
export async function soak(backend: 'slurm' | 'ray' | 'kubernetes'): Promise<number | null> {
  const words = [process.execPath, '--import', 'tsx', path.join(import.meta.dirname, 'run.ts'), backend];
  const ran = spawn('unshare', ['-n', '-m', 'sh', '-c', IN_OWN, 'sh', ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(ran, 'exit')) as [number | null];
  return code;
}
