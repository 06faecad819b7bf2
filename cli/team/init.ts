import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { importProblems } from '../../activities/imports/problems.ts';
import { markFormat } from '../../activities/store/format.ts';
import { TARGETS, type Fields } from '../../activities/imports/fields.ts';
import { PROMPT_FILES } from '../../activities/store/promptSet.ts';
import { config } from '../../temporal.config.ts';
import { configuredClusters } from '../../workers/configured.ts';
import { store } from '../../workers/store.ts';
import { derivedSummary } from '../lap/derivedView.ts';
import { chosenLap } from '../lap/lapOptions.ts';
import { UsageError, wholeFrom } from '../usage.ts';
import { fieldsFrom, withFields } from './fieldOption.ts';
import { commandsOf, endpointsText, readmeText, recipeText, type EngineChoice, type TeamFolder } from './teamFiles.ts';
import { BUNDLED, SERVER_PROGRAMS } from '../../shared/sampling/localServer.ts';

interface InitOptions {
  readonly base?: string;
  readonly problems?: string;
  readonly field: readonly string[];
  readonly endpoint?: string;
  readonly people?: string;
  readonly hoursPerWeek?: string;
  readonly weeks?: string;
}

export function registerInit(program: Command): void {
  withFields(program.command('init'))
    .summary('write the folder of a team: recipe, problems, prompts, endpoints')
    .description(
      'Writes a folder from which laps on your own problems are run: team.jsonc, a recipe with comments; ' +
        'problems.jsonl; prompts/;\nendpoints.json; and a README with the next commands. The folder has to be new or ' +
        'empty: nothing is overwritten.',
    )
    .argument('<folder>', 'made where it is not there')
    .option('--base <name>', 'the model to start from: a Hugging Face folder, or one of a hub, hf:org/name@revision')
    .option('--problems <file>', 'your problems: JSON, JSONL, CSV, TSV or Parquet (default: some easy ones)')
    .option('--endpoint <url>', 'a server with an OpenAI-compatible API that serves the models')
    .option('--people <number>', 'how many people score')
    .option('--hours-per-week <number>', 'of each of them')
    .option('--weeks <number>', 'of theirs that a lap may take')
    .action(init);
}

async function init(folder: string, options: InitOptions): Promise<void> {
  const at = path.resolve(folder);
  await refuseFull(at, folder);
  const { base, endpoint, people, hoursPerWeek, weeks } = options;
  const asked = {
    ...(base !== undefined && { base: baseFrom(base, at) }),
    ...(endpoint !== undefined && { endpoint: addressFrom(endpoint) }),
    ...(people !== undefined && { people: wholeFrom('--people', people, 1) }),
    ...(hoursPerWeek !== undefined && { hoursPerWeek: numberFrom('--hours-per-week', hoursPerWeek) }),
    ...(weeks !== undefined && { weeks: numberFrom('--weeks', weeks) }),
  };
  const problems = await problemsOf(options.problems, fieldsFrom(options.field, TARGETS));
  const count = problems.trim().split('\n').length;
  const team: TeamFolder = {
    ...asked,
    engine: engineFor(endpoint),
    gpus: await gpusHere(),
    command: isHere(config.root) ? 'npx flywheel' : `node ${path.join(config.root, 'cli', 'flywheel.mjs')}`,
    problems: { count, isStarter: options.problems === undefined },
  };
  await writeFolder(at, {
    'team.jsonc': recipeText(team),
    'problems.jsonl': problems,
    'endpoints.json': endpointsText(team),
    'README.md': readmeText(team, folder),
  });
  console.log(`Wrote ${folder}: team.jsonc, problems.jsonl (${count} problems), prompts/, endpoints.json, README.md`);
  if (base !== undefined) console.log(await sizesOf(path.join(at, 'team.jsonc')));
  console.log(['', 'Next:', ...commandsOf(team, folder).map((line) => `  ${line}`)].join('\n'));
}

/** @throws UsageError where there is anything that could be taken for the team's. */
async function refuseFull(at: string, folder: string): Promise<void> {
  const files = await readdir(at).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR')
      throw new UsageError(`Expected a folder that is new or empty, got the file ${folder}`);
    throw error;
  });
  if (files.length > 0)
    throw new UsageError(
      `Expected a folder that is new or empty, got ${folder} with ${files.slice(0, 8).join(', ')}` +
        `${files.length > 8 ? ', …' : ''}: name another; nothing is overwritten`,
    );
}

/** In the form that laps read. */
async function problemsOf(file: string | undefined, fields: Fields): Promise<string> {
  if (file === undefined && Object.keys(fields).length > 0)
    throw new UsageError('--field: expected --problems beside it, the file that has these fields, got none');
  if (file === undefined) return readFile(path.join(config.root, 'domains', 'proofs', 'starter.jsonl'), 'utf8');
  await markFormat(store);
  const { uri, count, dropped, notes, took } = await importProblems(store, file, { fields }).catch((error: Error) => {
    throw new UsageError(`--problems: ${error.message}`);
  });
  const left = dropped.length === 0 ? '' : `, ${dropped.length} dropped: \`flywheel import problems\` says which`;
  const read = Object.entries(took.fields).map(([field, name]) => `${field} from ${name}`);
  const untaken = took.left.length === 0 ? '' : `; not taken: ${took.left.join(', ')}`;
  console.log(
    [`${file}: ${count} problems${left}`, `  ${read.join(', ')}${untaken}`, ...notes.map((note) => `  ${note}`)].join(
      '\n',
    ),
  );
  return store.readText(uri);
}

/** A path as the recipe can say it from its folder; a name of a hub or of the store as it is. */
function baseFrom(base: string, at: string): string {
  if (!existsSync(base)) {
    if (!/^\.{0,2}\//.test(base)) return base;
    throw new UsageError(
      `--base: expected a Hugging Face folder, or a model of a hub, got ${base}, which is not there`,
    );
  }
  const relative = path.relative(at, path.resolve(base));
  return relative.startsWith('..') ? relative : `./${relative}`;
}

function addressFrom(url: string): string {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' };
  if (protocol === 'http:' || protocol === 'https:') return url;
  throw new UsageError(`--endpoint: expected an address such as http://127.0.0.1:8000/v1, got ${JSON.stringify(url)}`);
}

function numberFrom(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new UsageError(`${option}: expected a number above 0, got ${JSON.stringify(text)}`);
}

/** What serves the models here, as far as can be seen. */
function engineFor(endpoint: string | undefined): EngineChoice {
  if (endpoint !== undefined) return { engine: 'external', reason: 'Chosen because an endpoint was named.' };
  if (config.inference.serveCommand !== undefined)
    return { engine: 'command', reason: 'Chosen because FLYWHEEL_SERVE_COMMAND is set.' };
  const program = SERVER_PROGRAMS.find((name) => config.searchPath.some((at) => existsSync(path.join(at, name))));
  if (program !== undefined)
    return {
      engine: 'command',
      reason:
        `Chosen because ${program} is installed: set FLYWHEEL_SERVE_COMMAND to it ` +
        '(docs/own-problems.md, "Models").',
    };
  return {
    engine: BUNDLED,
    reason:
      `Chosen because no endpoint was named, and neither ${SERVER_PROGRAMS.join(', ')} nor ` +
      'FLYWHEEL_SERVE_COMMAND found.',
  };
}

/** npx finds the command of the project that one is in. */
const isHere = (root: string): boolean => !path.relative(root, process.cwd()).startsWith('..');

async function gpusHere(): Promise<number> {
  const local = configuredClusters().find(({ name }) => name === 'local');
  return (await local?.capacity())?.gpusPerNode ?? 0;
}

/** All of it or nothing: it is written beside the folder, and takes its place. */
async function writeFolder(at: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(path.dirname(at), { recursive: true });
  const draft = await mkdtemp(`${at}.`);
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(draft, name), text);
    await mkdir(path.join(draft, 'prompts'));
    const shipped = path.join(config.root, 'prompts', 'paper');
    for (const name of PROMPT_FILES.filter((file) => existsSync(path.join(shipped, file))))
      await copyFile(path.join(shipped, name), path.join(draft, 'prompts', name));
    await rename(draft, at);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What follows already, or why nothing does yet. */
async function sizesOf(recipe: string): Promise<string> {
  try {
    const { derived = [] } = await chosenLap({ recipe });
    return derivedSummary(derived);
  } catch (error) {
    return `Its sizes cannot be derived yet: ${(error as Error).message}`;
  }
}
