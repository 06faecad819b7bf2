import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { config } from '../../temporal.config.ts';
import { withLease } from '../../activities/store/lease.ts';
import { nodeCommand } from './services.ts';
import { stateFiles } from './state.ts';
import { runStep, sayOnStderr, type Say, type StepResult } from './step.ts';

/** The newest version of the Temporal CLI that `go install` takes; later ones have a `replace` in their go.mod. */
const GO_INSTALL_VERSION = '1.5.1';
const GO_PACKAGE = `github.com/temporalio/cli/cmd/temporal@v${GO_INSTALL_VERSION}`;
/** `server start-dev` with the flags that we use is in every release from 1.0 on. */
const OLDEST_MAJOR = 1;
/** A download that has not brought a byte for so long is given up. */
const STALLED_MS = 15_000;

export const cachedTemporalCli = path.join(config.binDir, 'temporal');

/** Where a usable Temporal CLI was found without downloading or building anything. */
interface FoundCli {
  readonly path: string;
  readonly version: string;
  readonly from: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache';
}

/**
 * The Temporal CLI, made where there is none: TEMPORAL_CLI_PATH, PATH, the project's cache, the SDK's own download
 * (needs internet), `go install` (about 5 minutes the first time). Each step says what it does.
 * @throws when TEMPORAL_CLI_PATH names something else, or when every way fails: the message says what to do.
 */
export async function findTemporalCli(say: Say = sayOnStderr): Promise<string> {
  const found = await lookForTemporalCli(say);
  if (found !== undefined) return found.path;
  return withLease(
    stateFiles,
    'bin/temporal.lock',
    (holder) => say(`Temporal CLI: process ${holder.pid} is getting it already; waiting for it`),
    async () => {
      if (existsSync(cachedTemporalCli)) return cachedTemporalCli;
      const failures: string[] = [];
      for (const get of [downloadBySdk, installWithGo]) {
        const failure = await get(say);
        if (failure === undefined) return cachedTemporalCli;
        failures.push(failure);
        say(`Temporal CLI: ${failure}`);
      }
      throw new Error(
        `No Temporal CLI: TEMPORAL_CLI_PATH is not set, PATH has no \`temporal\`, ${failures.join(', and ')}. ` +
          'Install the CLI (https://docs.temporal.io/cli) or Go 1.24 or newer, or set TEMPORAL_CLI_PATH to a ' +
          '`temporal` binary, or TEMPORAL_ADDRESS to a running server; then run the command again.',
      );
    },
  );
}

/** Looks without making anything. @throws when TEMPORAL_CLI_PATH names something that is not the Temporal CLI. */
export async function lookForTemporalCli(say: Say = () => undefined): Promise<FoundCli | undefined> {
  const named = config.temporal.cliPath;
  if (named !== undefined && named !== '') {
    const version = await versionOf(named);
    if (version === undefined)
      throw new Error(
        `Expected TEMPORAL_CLI_PATH to name a Temporal CLI, but \`${named} --version\` does not answer as one`,
      );
    return { path: named, version, from: 'TEMPORAL_CLI_PATH' };
  }
  for (const folder of config.searchPath) {
    const candidate = path.join(folder, 'temporal');
    if (!existsSync(candidate)) continue;
    const version = await versionOf(candidate);
    if (version !== undefined && Number.parseInt(version, 10) >= OLDEST_MAJOR)
      return { path: candidate, version, from: 'PATH' };
    say(
      `Temporal CLI: passing over ${candidate} ` +
        (version === undefined
          ? '(its --version does not answer)'
          : `(version ${version} is older than ${OLDEST_MAJOR}.0)`),
    );
  }
  if (!existsSync(cachedTemporalCli)) return undefined;
  const version = await versionOf(cachedTemporalCli);
  if (version !== undefined) return { path: cachedTemporalCli, version, from: 'cache' };
  say(`Temporal CLI: ${cachedTemporalCli} does not answer; it is made again`);
  rmSync(cachedTemporalCli, { force: true });
  return undefined;
}

async function versionOf(binary: string): Promise<string | undefined> {
  const { ok, output } = await runStep(binary, ['--version'], { timeoutMs: 20_000 });
  return ok ? /^temporal version v?(\S+)/m.exec(output)?.[1] : undefined;
}

/** Lets a command make the CLI in an empty folder, and keeps it. @returns why it failed, or undefined. */
async function keepWhatMakes(make: (folder: string) => Promise<StepResult>): Promise<string | undefined> {
  const folder = path.join(config.binDir, 'new');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { ok, reason } = await make(folder);
  const binary = readdirSync(folder).find((name) => name.startsWith('temporal') && !name.endsWith('.downloading'));
  const made = ok && binary !== undefined;
  if (made) renameSync(path.join(folder, binary), cachedTemporalCli);
  rmSync(folder, { recursive: true, force: true });
  return made ? undefined : causeOf(reason);
}

/** @returns why it failed, or undefined when the cache has the CLI. */
async function downloadBySdk(say: Say): Promise<string | undefined> {
  say("Temporal CLI: not found; trying the SDK's own download");
  let seen = 0;
  let seenAt = Date.now();
  const failure = await keepWhatMakes((folder) => {
    const [node, ...args] = nodeCommand('workers/stack/downloadTemporalCli.ts', folder);
    return runStep(node, args, {
      cwd: config.root,
      onProgress: (seconds) => say(`Temporal CLI: ${(seen / 1e6).toFixed(0)} MB after ${seconds} s`),
      giveUp: () => {
        const size = sizeOf(folder);
        if (size !== seen) [seen, seenAt] = [size, Date.now()];
        return Date.now() - seenAt > STALLED_MS ? `nothing came for ${STALLED_MS / 1000} s` : undefined;
      },
    });
  });
  return failure === undefined ? undefined : `the SDK's download failed (${failure})`;
}

/** @returns why it failed, or undefined when the cache has the CLI. */
async function installWithGo(say: Say): Promise<string | undefined> {
  const go = await runStep('go', ['version'], { timeoutMs: 20_000 });
  if (!go.ok) return 'there is no Go to build it with';
  say(
    `Temporal CLI: building version ${GO_INSTALL_VERSION} with ${go.output.trim()}; about 5 minutes the first ` +
      'time, 10 s with warm caches',
  );
  const linked = `-s -w -X github.com/temporalio/cli/temporalcli.Version=${GO_INSTALL_VERSION}`;
  const failure = await keepWhatMakes((folder) =>
    // -v names each package as it is compiled: the only sign of progress that the Go tool gives.
    runStep('go', ['install', '-v', '-ldflags', linked, GO_PACKAGE], {
      env: { GOBIN: folder },
      cwd: folder,
      onProgress: (seconds, line) => say(`Temporal CLI: building for ${seconds} s (${line || 'starting'})`),
    }),
  );
  if (failure !== undefined) return `\`go install ${GO_PACKAGE}\` failed (${failure})`;
  say(`Temporal CLI: built and kept as ${cachedTemporalCli}`);
  return undefined;
}

/** The last links of a chain of causes `a: b: c`, which is what a reader can act on. */
function causeOf(reason: string): string {
  return reason.length <= 160 ? reason : reason.split(': ').slice(-3).join(': ').slice(-160);
}

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce(
    (sum, name) => sum + (statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
