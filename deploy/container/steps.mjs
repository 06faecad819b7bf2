// In a mount namespace of its own (steps.sh): a stage is an overlay over its base, and a step is run inside by chroot.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { copyOf, stagesOf, variablesOf } from './containerfile.mjs';

const CONTEXT = path.resolve(import.meta.dirname, '../..');
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const [folder = '', ...rest] = process.argv.slice(2);
const split = rest.includes('--') ? rest.indexOf('--') : rest.length;
const stages = stagesOf(Object.fromEntries(rest.slice(0, split).map((each) => each.split('='))));
const command = rest.slice(split + 1);

const say = (line) => process.stderr.write(`${line}\n`);
const run = (program, ...args) => execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
const fresh = (...parts) => {
  const made = path.join(folder, ...parts);
  mkdirSync(made, { recursive: true });
  return made;
};

/** What an image has below each of these folders is laid over the machine's own; what is anybody's lies elsewhere. */
const SYSTEM = ['usr', 'etc', 'var'];

/** The lowest layers, by folder: the machine's system, and nothing else of it. */
function base() {
  const root = fresh('base');
  for (const name of [...SYSTEM, 'root', 'opt', 'tmp', 'proc', 'dev', 'sys'])
    mkdirSync(path.join(root, name), { recursive: true });
  run('chmod', '1777', path.join(root, 'tmp'));
  for (const name of readdirSync('/').filter((each) => lstatSync(`/${each}`).isSymbolicLink()))
    if (readlinkSync(`/${name}`).startsWith('usr/') && !readdirSync(root).includes(name))
      symlinkSync(readlinkSync(`/${name}`), path.join(root, name));
  return new Map([['', [root]], ...SYSTEM.map((name) => [name, [`/${name}`]])]);
}

/** How a step is run: words of a command that `env` and `cwd` hold for, and nothing else. */
function inside(root, { env, cwd, user }, words) {
  const as = user === undefined ? [] : [`--userspec=${user}`];
  const told = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const start = ['/bin/sh', '-c', 'cd "$0" && exec "$@"', cwd];
  return ['chroot', ...as, root, '/usr/bin/env', '-i', ...told, ...start, ...words];
}

const made = new Map();
function build({ name, from, steps }) {
  const below = made.get(from);
  const root = fresh(name, 'root');
  const layers = new Map();
  for (const [part, lower] of below?.layers ?? base()) {
    const [upper, work] = ['upper', 'work'].map((kind) => fresh(name, kind, part || 'root'));
    const options = `lowerdir=${lower.join(':')},upperdir=${upper},workdir=${work}`;
    run('mount', '-t', 'overlay', 'overlay', '-o', options, path.join(root, part));
    layers.set(part, [upper, ...lower]);
  }
  for (const each of ['proc', 'dev', 'sys']) run('mount', '--rbind', `/${each}`, path.join(root, each));
  const state = { env: { PATH, HOME: '/root', ...below?.state.env }, cwd: below?.state.cwd ?? '/', user: undefined };
  for (const { instruction, text } of steps) {
    say(`${name}: ${instruction} ${text}`);
    if (instruction === 'ENV') Object.assign(state.env, variablesOf(text));
    else if (instruction === 'USER') state.user = text;
    else if (instruction === 'WORKDIR') {
      state.cwd = text;
      mkdirSync(path.join(root, text), { recursive: true });
    } else if (instruction === 'COPY') {
      const { from: stage, sources, to } = copyOf(text);
      const source = stage === undefined ? CONTEXT : made.get(stage).root;
      for (const each of sources) {
        const target = path.resolve(state.cwd, to, to.endsWith('/') ? path.basename(each) : '.');
        cpSync(path.join(source, each), path.join(root, target), { recursive: true, verbatimSymlinks: true });
      }
    } else if (instruction === 'RUN') {
      // Secrets are a builder's: the files of their names that this system has in /etc are seen in their place.
      const [program, ...args] = inside(root, state, ['/bin/sh', '-c', text.replace(/^(--mount=\S+\s+)*/, '')]);
      run(program, ...args);
    }
  }
  made.set(name, { root, state, layers });
}

/** A stage, and before it those that it needs. */
function inOrder(name) {
  const stage = stages.find((each) => each.name === name);
  if (stage === undefined) return [];
  const others = stage.steps.flatMap(({ instruction, text }) =>
    instruction === 'COPY' ? (copyOf(text).from ?? []) : [],
  );
  return [...new Set([stage.from, ...others].flatMap(inOrder)), stage];
}

const last = stages.at(-1);
for (const stage of new Set(inOrder(last.name))) build(stage);
say(`made ${path.join(folder, last.name, 'root')}`);
if (command.length > 0) {
  const { root, state } = made.get(last.name);
  const entry = JSON.parse(last.steps.find(({ instruction }) => instruction === 'ENTRYPOINT').text);
  // As manifests run it: read only, but for what is mounted.
  for (const part of ['', ...SYSTEM]) run('mount', '-o', 'remount,ro', path.join(root, part));
  for (const each of ['tmp', 'var/lib/flywheel'])
    run('mount', '-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', path.join(root, each));
  const told = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(FLYWHEEL|TEMPORAL)_/.test(name)));
  const [program, ...args] = inside(root, { ...state, env: { ...state.env, ...told } }, [...entry, ...command]);
  const child = spawn(program, args, { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}
