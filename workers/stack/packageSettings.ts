import { devNull } from 'node:os';
import type { Environment } from '../../activities/processes/records.ts';
import { environmentWith } from '../../temporal.config.ts';
import { runStep } from './step.ts';

/** pip's settings that say where packages come from, and what uv calls them. Lists are separated by spaces in both. */
const UV_NAMES: Readonly<Record<string, string | undefined>> = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'find-links': 'UV_FIND_LINKS',
  'no-index': 'UV_NO_INDEX',
  'trusted-host': 'UV_INSECURE_HOST',
  cert: 'SSL_CERT_FILE',
  'default-timeout': 'UV_HTTP_TIMEOUT',
  timeout: 'UV_HTTP_TIMEOUT',
  'client-cert': undefined,
  proxy: undefined,
};

/** uv's that say which packages, for which Python, and from which folder: we say that. */
const NOT_FOR_US = [
  ['PYTHON', 'PYTHON_PREFERENCE', 'MANAGED_PYTHON', 'SYSTEM_PYTHON', 'PROJECT', 'WORKING_DIR', 'WORKING_DIRECTORY'],
  ['REQUIRE_HASHES', 'CONSTRAINT', 'BUILD_CONSTRAINT', 'OVERRIDE', 'EXCLUDE', 'EXCLUDE_NEWER', 'NO_BINARY'],
].flat();

/** What a user told pip of where packages come from, in its variables and files: name to value. */
type PackageSettings = Readonly<Record<string, string>>;

export async function packageSettings(interpreter: string): Promise<PackageSettings> {
  // Its `user`, from wherever, would have it look into one file alone.
  const options = { env: { PIP_USER: '0' }, timeoutMs: 30_000 };
  const { ok, output } = await runStep(interpreter, ['-m', 'pip', 'config', 'list'], options);
  return ok ? packageSettingsFrom(output) : {};
}

/** Pure part: of `pip config list` lines (`global.index-url='…'`), the later of these win. */
export function packageSettingsFrom(pipConfigList: string): PackageSettings {
  const settings: Record<string, string> = {};
  const lines = pipConfigList.split('\n').map((line) => /^([\w:]+)\.([a-z-]+)='(.*)'$/.exec(line.trim()));
  for (const section of ['global', 'user', 'site', 'install', ':env:'])
    for (const [, from, name = '', value = ''] of lines.filter((line) => line !== null))
      if (from === section && name in UV_NAMES && value !== '')
        settings[name] = value
          .split(/\\n|\s+/)
          .filter((part) => part !== '')
          .join(' ');
  return settings;
}

/**
 * pip's variables for an environment of ours: those settings and no others, whatever its files say. Many a user has it
 * install elsewhere (`user`, `target`, `prefix`), or nowhere but in an environment of their own.
 */
export function pipEnvironment(settings: PackageSettings): Environment {
  const others = Object.keys(environmentWith({})).filter((name) => name.startsWith('PIP_'));
  return {
    ...Object.fromEntries(others.map((name) => [name, undefined])),
    PIP_CONFIG_FILE: devNull,
    ...Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`PIP_${name.toUpperCase().replaceAll('-', '_')}`, value]),
    ),
  };
}

/** The same for uv, which reads neither pip's files nor its variables, where the user has not told uv otherwise. */
export function uvEnvironment(settings: PackageSettings, told: NodeJS.ProcessEnv = environmentWith({})): Environment {
  const variables: Record<string, string | undefined> = {};
  for (const name of NOT_FOR_US) variables[`UV_${name}`] = undefined;
  for (const [name, value] of Object.entries(settings)) {
    const variable = UV_NAMES[name];
    if (variable === undefined || told[variable] !== undefined) continue;
    variables[variable] = variable === 'UV_FIND_LINKS' ? value.replaceAll(' ', ',') : value;
  }
  return variables;
}
