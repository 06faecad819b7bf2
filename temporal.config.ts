import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Environment } from './activities/processes/records.ts';

/**
 * The one typed place for where things are and how they are reached; the only reader of process.env.
 * A lap's choices are its recipe's (shared/recipe/recipe.ts), not here.
 */
const env = process.env;

/**
 * What runs on this machine is never asked through a proxy, whatever client asks, here or in a process that we start:
 * those of gRPC, Python and Go read these lists. gRPC's knows no `*`.
 */
const { no_proxy: lower, NO_PROXY: upper, no_grpc_proxy: ofGrpc } = env;
env['no_proxy'] = withLoopback(lower || upper);
env['NO_PROXY'] = withLoopback(upper || lower);
env['no_grpc_proxy'] = withLoopback(ofGrpc || env['no_proxy'].replace('*', ''));

/** It says that Node 20 is too old for versions to come; ours is pinned. */
env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

function withLoopback(list = ''): string {
  const hosts = list.split(',').map((host) => host.trim());
  return hosts.includes('*') ? '*' : [...new Set([...hosts, '127.0.0.1', 'localhost'])].filter(Boolean).join(',');
}

const root = import.meta.dirname;
const stateDir = path.resolve(env['FLYWHEEL_STATE'] ?? path.join(root, '.flywheel'));
const runDir = path.join(stateDir, 'run');

/** The ports of the dev stack. */
export type PortName = 'temporal' | 'ui' | 'reward' | 'desk';
export type Ports = Readonly<Record<PortName, number>>;

export const PORT_SETTINGS = {
  temporal: { variable: 'FLYWHEEL_TEMPORAL_PORT', otherwise: 7233 },
  ui: { variable: 'FLYWHEEL_UI_PORT', otherwise: 8233 },
  reward: { variable: 'FLYWHEEL_REWARD_PORT', otherwise: 7300 },
  desk: { variable: 'FLYWHEEL_DESK_PORT', otherwise: 7310 },
} as const satisfies Record<PortName, { variable: string; otherwise: number }>;

/** Processes that show metrics, each at a port of its own: the first one's, and those that follow it. */
export const WATCHED_PROCESSES = ['orchestrator', 'inference', 'training', 'reward', 'desk'] as const;
/** `worker` is all workers in one process; it stands at the orchestrator's port. */
export type WatchedProcess = (typeof WATCHED_PROCESSES)[number] | 'worker';

/** The environment or temporal.toml says something that cannot be; the message names it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

function numberFrom(variable: string, expected: string, greatest: number): number | undefined {
  const value = env[variable];
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > greatest)
    throw new ConfigurationError(`Expected ${variable} to be ${expected}, got ${JSON.stringify(value)}`);
  return number;
}

/** An address may hold a secret, and is not shown. */
function webhookFrom(url: string, secret: string): { readonly url: string; readonly secret?: string } | undefined {
  const [address, key] = [env[url], env[secret]];
  if (!address) return undefined;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new ConfigurationError(`Expected ${url} to be an address like https://hooks.example.org/…, got another text`);
  return { url: address, ...(key && { secret: key }) };
}

/** Where browsers reach the desk through a proxy: a site of its own, since the desk's links begin at its root. */
function siteFrom(variable: string): string | undefined {
  const value = env[variable];
  if (value === undefined || value === '') return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search + url.hash !== '')
    throw new ConfigurationError(
      `Expected ${variable} to be an address like https://desk.example.org, without a path, got ${JSON.stringify(value)}`,
    );
  return url.origin;
}

/** Where the store is: a folder, or a place on S3, reached as AWS's own tools would. */
export type StorePlace =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string; readonly endpoint?: string | undefined };

/** @param where `s3://bucket/prefix`, or an absolute folder. */
export function storeFrom(where: string, what: string): StorePlace {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(where) ?? [];
  const parts = prefix.replace(/\/+$/, '').split('/');
  if (bucket !== undefined && (prefix === '' || parts.every((part) => !['', '.', '..'].includes(part)))) {
    const endpoint = env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || undefined;
    return { kind: 's3', bucket, prefix: parts.join('/'), endpoint };
  }
  if (path.isAbsolute(where)) return { kind: 'folder', folder: path.resolve(where) };
  throw new ConfigurationError(
    `Expected ${what} to be an address like s3://bucket/prefix or an absolute folder, got ${JSON.stringify(where)}`,
  );
}

/** Who keeps the processes alive: the supervisor that commands start, or others (systemd, Kubernetes). */
function stackFrom(variable: string): 'own' | 'deployed' {
  const value = env[variable] || 'own';
  if (value !== 'own' && value !== 'deployed')
    throw new ConfigurationError(`Expected ${variable} to be own or deployed, got ${JSON.stringify(value)}`);
  return value;
}

/** Addresses and networks, separated by commas; `loopback`, `linklocal` and `uniquelocal` are names of some. */
function networksFrom(variable: string): string | undefined {
  const networks = (env[variable] ?? '').split(',').flatMap((each) => each.trim() || []);
  const odd = networks.find(
    (each) => !['loopback', 'linklocal', 'uniquelocal'].includes(each) && !isIP(each.replace(/\/\d{1,3}$/, '')),
  );
  if (odd !== undefined)
    throw new ConfigurationError(
      `Expected ${variable} to be addresses or networks such as 10.0.0.0/8, got ${JSON.stringify(odd)}`,
    );
  return networks.join(',') || undefined;
}

/** Where this machine reaches what listens at an address. */
const ownAddress = (host: string): string => (['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host);

function secretFrom(variable: string): string | undefined {
  const value = env[variable] || undefined;
  if (value !== undefined && value.length < 32)
    throw new ConfigurationError(`Expected ${variable} to have at least 32 characters, got ${value.length}`);
  return value;
}

/** A secret of the environment, or of a file that a variable of the same name and `_FILE` names. */
function secretOrFile(variable: string): string | undefined {
  const file = env[`${variable}_FILE`];
  if (env[variable] && file)
    throw new ConfigurationError(`Expected ${variable} or ${variable}_FILE, got both: leave one out`);
  if (!file) return env[variable] || undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigurationError(`Expected ${variable}_FILE to be a file, got ${JSON.stringify(file)}`, {
      cause: error,
    });
  }
}

const TRACKERS = ['tensorboard', 'wandb', 'mlflow'];
const TRACKER_VARIABLES = /^(WANDB|MLFLOW)_[A-Z_]+$/;

/** @returns the variables that a training needs. */
function trackersFrom(variable: string): Readonly<Record<string, string>> {
  const names = (env[variable] ?? '').split(',').flatMap((name) => name.trim() || []);
  const unknown = names.find((name) => !TRACKERS.includes(name));
  if (unknown !== undefined)
    throw new ConfigurationError(
      `Expected ${variable} to name ${TRACKERS.join(', ')}, separated by commas, got ${JSON.stringify(unknown)}`,
    );
  if (names.length === 0) return {};
  const told = Object.entries(env).filter(([name]) => TRACKER_VARIABLES.test(name));
  return { ...(Object.fromEntries(told) as Record<string, string>), [variable]: names.join(',') };
}

const portFrom = (variable: string): number | undefined => numberFrom(variable, 'a port between 1 and 65535', 65_535);

const METRICS = 'FLYWHEEL_METRICS_PORT';
const metricsPort =
  env[METRICS] === 'off' ? undefined : numberFrom(METRICS, 'off, or a port between 1 and 65531', 65_531);

/** Ports that the environment asks for; a port named there is never replaced by a free one. */
const asked = {
  temporal: portFrom(PORT_SETTINGS.temporal.variable),
  ui: portFrom(PORT_SETTINGS.ui.variable),
  reward: portFrom(PORT_SETTINGS.reward.variable),
  desk: portFrom(PORT_SETTINGS.desk.variable),
} as const;

/** Where the dev stack records the ports it really took (the defaults may have been busy). */
export const portsFile = path.join(runDir, 'ports.json');

/** Read at each use: the stack may have been started after this process. */
function port(name: PortName): number {
  let recorded: Partial<Ports> = {};
  try {
    recorded = JSON.parse(readFileSync(portsFile, 'utf8')) as Partial<Ports>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new ConfigurationError(`Cannot read ${portsFile}: remove it and start again`, { cause: error });
  }
  return recorded[name] ?? asked[name] ?? PORT_SETTINGS[name].otherwise;
}

/** A server configured by TEMPORAL_ADDRESS or a profile of temporal.toml (TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE). */
const profile = loadProfile();
function loadProfile(): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig();
  } catch (error) {
    throw new ConfigurationError(
      'The Temporal profile cannot be used (TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE, temporal.toml): ' +
        (error as Error).message,
      { cause: error },
    );
  }
}
const configuredAddress = profile.connectionOptions.address;

export const config = {
  root,
  stateDir,
  /** The artifact store. @default the folder `store` of the state folder */
  store: storeFrom(env['FLYWHEEL_STORE'] || path.join(stateDir, 'store'), 'FLYWHEEL_STORE'),
  /** What jobs on other machines are told of the way to it; credentials are their machine's own. */
  storeEnvironment: Object.fromEntries(
    ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_DEFAULT_REGION'].flatMap((name) =>
      env['FLYWHEEL_STORE']?.startsWith('s3://') && env[name] ? [[name, env[name]]] : [],
    ),
  ) as Readonly<Record<string, string>>,
  /** Copies of what another machine keeps. */
  cacheDir: path.join(stateDir, 'cache'),
  runDir,
  logDir: path.join(stateDir, 'logs'),
  binDir: path.join(stateDir, 'bin'),
  ports: { asked },
  /** `deployed`: commands find workers and services running, and start and stop none. */
  stack: stackFrom('FLYWHEEL_STACK'),
  temporal: {
    /** True: somebody else's server is used and none is started. */
    external: configuredAddress !== undefined,
    get address(): string {
      return configuredAddress ?? `127.0.0.1:${port('temporal')}`;
    },
    /** What a Connection or NativeConnection is made of. */
    get connection() {
      return { ...profile.connectionOptions, address: config.temporal.address };
    },
    namespace: profile.namespace ?? 'default',
    /** Our own server's Web UI; of an external server, what FLYWHEEL_WEB_UI says. */
    get webUi(): string | undefined {
      return configuredAddress === undefined
        ? `http://127.0.0.1:${port('ui')}`
        : env['FLYWHEEL_WEB_UI']?.replace(/\/$/, '');
    },
    /** Keys that payloads are encrypted with, as workers/codec/keys.ts says. @default plain text */
    codecKeys: secretOrFile('FLYWHEEL_CODEC_KEYS'),
    cliPath: env['TEMPORAL_CLI_PATH']?.includes('/')
      ? path.resolve(env['TEMPORAL_CLI_PATH'])
      : env['TEMPORAL_CLI_PATH'],
    databaseFile: path.join(stateDir, 'temporal.db'),
    /** How long finished workflows stay in the server. Ours: laps take days, and 24 h is the server's default. */
    retentionHours: 240,
    get port(): number {
      return port('temporal');
    },
    get uiPort(): number {
      return port('ui');
    },
  },
  rewardService: {
    /** Where it listens. Every request needs its token. @default this machine alone */
    host: env['FLYWHEEL_REWARD_HOST'] || '127.0.0.1',
    get port(): number {
      return port('reward');
    },
    /** Where training jobs reach it, which a cluster's nodes cannot at an address of this machine alone. */
    get publicUrl(): string {
      const { host, port } = config.rewardService;
      return (env['FLYWHEEL_REWARD_URL'] ?? `http://${ownAddress(host)}:${port}`).replace(/\/$/, '');
    },
    tokenEnv: 'FLYWHEEL_REWARD_TOKEN',
    /** @default one that the supervisor makes for the state folder */
    token: env['FLYWHEEL_REWARD_TOKEN'] || undefined,
  },
  /** Where each process shows its metrics, whether it lives and whether it is ready. */
  metrics: {
    isOn: env[METRICS] !== 'off',
    /** @default this machine alone: no token is asked for */
    host: env['FLYWHEEL_METRICS_HOST'] || '127.0.0.1',
    /** Whether the ports are the environment's: they are not replaced by free ones then. */
    isAsked: metricsPort !== undefined,
    portOf: (process: WatchedProcess): number =>
      (metricsPort ?? 7320) +
      Math.max(
        0,
        WATCHED_PROCESSES.findIndex((name) => name === process),
      ),
  },
  /**
   * Traces, by OpenTelemetry's own variables: told where one says where to, and OTEL_SDK_DISABLED does not say no.
   * @default off
   */
  tracing: {
    isOn:
      Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) &&
      env['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true',
    /** @default `flywheel-` and what the process is */
    name: env['OTEL_SERVICE_NAME'] || undefined,
  },
  /** Shows encrypted payloads to browsers that look at the Web UI (`flywheel codec-server`). */
  codecServer: {
    host: env['FLYWHEEL_CODEC_HOST'] || '127.0.0.1',
    port: portFrom('FLYWHEEL_CODEC_PORT') ?? 7330,
    /** What a request has to carry. @default nothing, on this machine alone */
    token: secretFrom('FLYWHEEL_CODEC_TOKEN'),
  },
  /** Whom notices are posted to: questions asked, laps that failed or wait. @default nobody */
  webhook: webhookFrom('FLYWHEEL_WEBHOOK_URL', 'FLYWHEEL_WEBHOOK_SECRET'),
  /** The annotation desk. */
  desk: {
    /** Where it listens: elsewhere than on this machine alone only behind a proxy that speaks TLS. */
    host: env['FLYWHEEL_DESK_HOST'] || '127.0.0.1',
    get port(): number {
      return port('desk');
    },
    /** A proxy's address, where one stands before the desk: its headers are believed then. */
    proxyUrl: siteFrom('FLYWHEEL_DESK_URL'),
    /** Addresses that it asks from. @default this machine's */
    proxies: networksFrom('FLYWHEEL_DESK_PROXIES') ?? 'loopback',
    /** Where browsers reach it. */
    get publicUrl(): string {
      const { host, port, proxyUrl } = config.desk;
      return proxyUrl ?? `http://${ownAddress(host)}:${port}`;
    },
    /** Where it shows a question. */
    questionPage: (workflowId: string): string =>
      `${config.desk.publicUrl}/questions/${encodeURIComponent(workflowId)}`,
    /** Signs sessions. @default one that the desk makes for the state folder */
    secret: secretFrom('FLYWHEEL_DESK_SECRET'),
    /**
     * A team's login service, which speaks OpenID Connect. @default none
     * @throws ConfigurationError where not all of it is said.
     */
    get login(): DeskLogin | undefined {
      return loginFrom('FLYWHEEL_DESK_OIDC');
    },
  },
  /** Clusters by name, as JSON: the kind of each and what it needs; activities/clusters says the form. */
  clusters: env['FLYWHEEL_CLUSTERS'] ?? '{"local":{"kind":"local"}}',
  inference: {
    /** Endpoints that others run, as JSON (engine `external`); activities/serving says the form. */
    endpoints: env['FLYWHEEL_ENDPOINTS'] || undefined,
    /** The same, imported by `flywheel import endpoints`; read at each use where FLYWHEEL_ENDPOINTS says nothing. */
    endpointsFile: path.join(stateDir, 'endpoints.json'),
    /** Command that serves a checkpoint, as a JSON list of words (engine `command`). */
    serveCommand: env['FLYWHEEL_SERVE_COMMAND'],
    /** Replicas on clusters by pool, as JSON (engine `pool`); activities/serving/pool says the form. */
    pools: env['FLYWHEEL_POOLS'] || undefined,
  },
  /**
   * The batching server of trainer/. `context`: prompt and answer together, in tokens. @default as many as calls need
   */
  modelServer: {
    host: '127.0.0.1',
    port: portFrom('FLYWHEEL_MODEL_PORT') ?? 7400,
    context: numberFrom('FLYWHEEL_MODEL_CONTEXT', 'a whole number of at least 1', 999_999_999),
  },
  /**
   * Where trainings' metrics are shown beside the report, and what those trackers read of the environment: for jobs on
   * other machines. @default nowhere
   */
  trackers: trackersFrom('FLYWHEEL_TRACKERS'),
  /** The trainer's and model server's Python; FLYWHEEL_TRAINER_PYTHON names one that is made by other means. */
  python: env['FLYWHEEL_TRAINER_PYTHON'] ?? path.join(stateDir, 'python', 'bin', 'python'),
  pythonSetup: {
    ours: env['FLYWHEEL_TRAINER_PYTHON'] === undefined,
    /** Interpreter to make the environment with. @default the first python3 on PATH */
    interpreter: env['FLYWHEEL_PYTHON'],
    /** Index of CPU-only torch builds (1 GB instead of 5). @default pip's own configuration */
    torchIndex: env['FLYWHEEL_TORCH_INDEX'],
  },
  searchPath: (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.resolve(folder)),
} as const;

/** How the desk asks a login service who somebody is. */
export interface DeskLogin {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What it says that tells annotators apart: an address that it has verified, or its own name for them. */
  readonly claim: 'email' | 'sub';
}

function loginFrom(prefix: string): DeskLogin | undefined {
  const said = (name: string): string => env[`${prefix}_${name}`] ?? '';
  const [issuer, clientId, clientSecret] = [said('ISSUER'), said('CLIENT_ID'), said('CLIENT_SECRET')];
  const claim = said('CLAIM') || 'email';
  if (issuer + clientId + clientSecret === '') return undefined;
  for (const name of ['ISSUER', 'CLIENT_ID', 'CLIENT_SECRET'])
    if (said(name) === '') throw new ConfigurationError(`Expected ${prefix}_${name} beside the others, got nothing`);
  if (claim !== 'email' && claim !== 'sub')
    throw new ConfigurationError(`Expected ${prefix}_CLAIM to be email or sub, got ${JSON.stringify(claim)}`);
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isHere = url?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url?.protocol !== 'https:' && !isHere)
    throw new ConfigurationError(
      `Expected ${prefix}_ISSUER to be an https address, or one of this machine, got ${JSON.stringify(issuer)}`,
    );
  return { issuer, clientId, clientSecret, claim };
}

/**
 * The environment of a process that we start: this one's, with what it needs beside. What tells another's Python where
 * its modules are, or how to behave, would be told ours too, and is left out.
 */
export function environmentWith(extra: Environment): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PYTHON'))), ...extra };
}
