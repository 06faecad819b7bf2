import { freePort, isFree } from '../../activities/processes/ports.ts';
import { config, PORT_SETTINGS, type PortName, type Ports } from '../../temporal.config.ts';
import { stateFiles } from './state.ts';

/**
 * The ports that the dev stack will take, recorded in `run/ports.json`: as the environment asks, else as last time,
 * else the defaults, else free ones.
 * @param running services that live already keep theirs.
 * @param names that are chosen. @default all
 * @throws when a port that the environment asks for is taken by something else.
 */
export async function choosePorts(
  running: ReadonlySet<PortName>,
  say: (line: string) => void,
  names: readonly PortName[] = Object.keys(PORT_SETTINGS) as PortName[],
): Promise<Ports> {
  const recorded = (await stateFiles.findJson<Partial<Ports>>('run/ports.json')) ?? {};
  const ports = { ...recorded } as Record<PortName, number>;
  for (const name of names) {
    if (running.has(name) && recorded[name] !== undefined) continue;
    const asked = config.ports.asked[name];
    const wanted = asked ?? recorded[name] ?? PORT_SETTINGS[name].otherwise;
    const taken = Object.entries(ports).some(
      ([other, port]) => other !== name && port === wanted && running.has(other as PortName),
    );
    if (!taken && (await isFree(wanted))) {
      ports[name] = wanted;
      continue;
    }
    if (asked !== undefined) {
      throw new Error(
        `Expected port ${asked} (${PORT_SETTINGS[name].variable}) to be free, but another program has it: stop ` +
          `that program, or set ${PORT_SETTINGS[name].variable} to another port`,
      );
    }
    ports[name] = await freePort();
    say(`Port ${wanted} is taken by another program: ${name} uses ${ports[name]}`);
  }
  await stateFiles.writeJson('run/ports.json', ports);
  return ports;
}
