import { environmentWith } from '../../temporal.config.ts';
import { runStep } from './step.ts';

/** What uv calls the settings that a user gave pip. `list` settings are separated by spaces in both. */
const UV_NAMES: Readonly<Record<string, string>> = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'find-links': 'UV_FIND_LINKS',
  'no-index': 'UV_NO_INDEX',
  'trusted-host': 'UV_INSECURE_HOST',
  cert: 'SSL_CERT_FILE',
  'default-timeout': 'UV_HTTP_TIMEOUT',
  timeout: 'UV_HTTP_TIMEOUT',
};

/**
 * uv reads neither pip's configuration files nor its variables: this hands over what the user told pip, where the user
 * has not told uv otherwise.
 */
export async function uvEnvironment(interpreter: string): Promise<Record<string, string>> {
  const { ok, output } = await runStep(interpreter, ['-m', 'pip', 'config', 'list'], { timeoutMs: 30_000 });
  return ok ? uvSettingsFrom(output, environmentWith({})) : {};
}

/** Pure part: `pip config list` lines (`global.index-url='…'`; later ones win) to variables. */
export function uvSettingsFrom(pipConfigList: string, environment: NodeJS.ProcessEnv): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const line of pipConfigList.split('\n')) {
    const match = /^(?:global|user|site|install|:env:)\.([a-z-]+)='(.*)'$/.exec(line.trim());
    const name = match?.[1];
    const value = match?.[2];
    const variable = name === undefined ? undefined : UV_NAMES[name];
    if (variable === undefined || value === undefined || value === '' || environment[variable] !== undefined) continue;
    settings[variable] = value
      .split(/\\n|\s+/)
      .filter((part) => part !== '')
      .join(variable === 'UV_FIND_LINKS' ? ',' : ' ');
  }
  return settings;
}
