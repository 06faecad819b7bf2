import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

/** The configuration as a process with this environment reads it. */
async function configWith(env: Record<string, string>): Promise<typeof import('../temporal.config.ts')> {
  for (const name of Object.keys(process.env)) if (/^(TEMPORAL|FLYWHEEL)_/.test(name)) delete process.env[name];
  const stateDir = mkdtempSync(path.join(tmpdir(), 'flywheel-config-'));
  Object.assign(process.env, {
    FLYWHEEL_STATE: stateDir,
    TEMPORAL_CONFIG_FILE: path.join(stateDir, 'temporal.toml'),
    ...env,
  });
  jest.resetModules();
  return import('../temporal.config.ts');
}

test.each(['abc', '0', '65536', '80.5'])('a port of %j is refused by the name of its variable', async (value) => {
  await expect(configWith({ FLYWHEEL_UI_PORT: value })).rejects.toThrow(
    `Expected FLYWHEEL_UI_PORT to be a port between 1 and 65535, got "${value}"`,
  );
});

test('everything of a project lies under its state folder', async () => {
  const { config } = await configWith({});
  for (const place of [
    config.cacheDir,
    config.runDir,
    config.logDir,
    config.binDir,
    config.python,
    config.temporal.databaseFile,
  ]) {
    expect(path.relative(config.stateDir, place)).not.toMatch(/^\.\./);
  }
});

test('the store is a folder of the state folder, unless another folder or a place on S3 is named', async () => {
  const placeOf = async (env: Record<string, string>) => (await configWith(env)).config.store;
  const { config } = await configWith({});
  expect(config.store).toEqual({ kind: 'folder', folder: path.join(config.stateDir, 'store') });
  expect(await placeOf({ FLYWHEEL_STORE: '/shared/store/' })).toEqual({ kind: 'folder', folder: '/shared/store' });
  const endpoint = 'http://127.0.0.1:9000';
  expect(await placeOf({ FLYWHEEL_STORE: 's3://team.one/a/b/', AWS_ENDPOINT_URL: endpoint })).toEqual({
    kind: 's3',
    bucket: 'team.one',
    prefix: 'a/b',
    endpoint,
  });
  expect(await placeOf({ FLYWHEEL_STORE: 's3://team', AWS_ENDPOINT_URL: '' })).toMatchObject({ prefix: '' });
  for (const wrong of ['store', 's3://', 's3://Team/a', 's3://team/a//b', 's3://team/../b', 'gs://team/a'])
    await expect(configWith({ FLYWHEEL_STORE: wrong })).rejects.toThrow(
      `Expected FLYWHEEL_STORE to be an address like s3://bucket/prefix or an absolute folder, got "${wrong}"`,
    );
});

test('the ports that the stack took are seen by processes that started before it', async () => {
  const { config, portsFile } = await configWith({});
  expect([config.temporal.port, config.rewardService.port]).toEqual([7233, 7300]);
  mkdirSync(path.dirname(portsFile), { recursive: true });
  writeFileSync(portsFile, JSON.stringify({ temporal: 40_001, ui: 40_002, reward: 40_003 }));
  expect(config.temporal).toMatchObject({
    port: 40_001,
    uiPort: 40_002,
    address: '127.0.0.1:40001',
    webUi: 'http://127.0.0.1:40002',
  });
  expect(config.rewardService).toMatchObject({ port: 40_003, publicUrl: 'http://127.0.0.1:40003' });
});

test('jobs on other machines are told where the reward service is', async () => {
  const { config } = await configWith({ FLYWHEEL_REWARD_URL: 'https://judges.example/rewards/' });
  expect(config.rewardService.publicUrl).toBe('https://judges.example/rewards');
});

test('the annotation desk is on this machine alone, or behind the proxy that a setting names', async () => {
  const { config: alone } = await configWith({});
  expect(alone.desk).toMatchObject({ publicUrl: 'http://127.0.0.1:7310', proxyUrl: undefined, login: undefined });
  const { config } = await configWith({ FLYWHEEL_DESK_URL: 'https://desk.example.org/' });
  expect(config.desk.proxyUrl).toBe('https://desk.example.org');
  expect(config.desk.questionPage('main/lap-0001/q 1')).toBe(
    'https://desk.example.org/questions/main%2Flap-0001%2Fq%201',
  );
});

test.each(['desk.example.org', 'https://example.org/desk', 'ftp://example.org', 'https://example.org/?a'])(
  'a desk at %s is refused by the name of its setting',
  async (url) => {
    await expect(configWith({ FLYWHEEL_DESK_URL: url })).rejects.toThrow('Expected FLYWHEEL_DESK_URL to be an address');
  },
);

test('a secret that is too short is refused by name, and not shown', async () => {
  const refused = configWith({ FLYWHEEL_DESK_SECRET: 'a-short-one' });
  await expect(refused).rejects.toThrow('Expected FLYWHEEL_DESK_SECRET to have at least 32 characters, got 11');
  await expect(refused).rejects.not.toThrow('a-short-one');
});

const LOGIN = {
  FLYWHEEL_DESK_OIDC_ISSUER: 'https://login.example.org',
  FLYWHEEL_DESK_OIDC_CLIENT_ID: 'desk',
  FLYWHEEL_DESK_OIDC_CLIENT_SECRET: 'hush',
};

test('a login service is named whole, or not at all', async () => {
  const { config } = await configWith(LOGIN);
  expect(config.desk.login).toEqual({
    issuer: 'https://login.example.org',
    clientId: 'desk',
    clientSecret: 'hush',
    claim: 'email',
  });
  for (const [more, message] of [
    [{ FLYWHEEL_DESK_OIDC_CLIENT_SECRET: '' }, 'Expected FLYWHEEL_DESK_OIDC_CLIENT_SECRET beside the others'],
    [{ FLYWHEEL_DESK_OIDC_CLAIM: 'name' }, 'Expected FLYWHEEL_DESK_OIDC_CLAIM to be email or sub, got "name"'],
    [{ FLYWHEEL_DESK_OIDC_ISSUER: 'http://login.example.org' }, 'to be an https address, or one of this machine'],
  ] as const) {
    const { config: faulty } = await configWith({ ...LOGIN, ...more });
    expect(() => faulty.desk.login).toThrow(message);
  }
});

test('TEMPORAL_ADDRESS means that somebody else runs the server', async () => {
  const { config } = await configWith({ TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_NAMESPACE: 'provers' });
  expect(config.temporal).toMatchObject({ external: true, address: 'temporal.example:7233', namespace: 'provers' });
  expect(config.temporal.connection).toMatchObject({ address: 'temporal.example:7233' });
  expect(config.temporal.webUi).toBeUndefined();
});

test('a profile of temporal.toml names the server as well as TEMPORAL_ADDRESS does', async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'flywheel-toml-')), 'temporal.toml');
  writeFileSync(file, '[profile.lab]\naddress = "lab.example:7233"\nnamespace = "lab"\n');
  const { config } = await configWith({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'lab' });
  expect(config.temporal).toMatchObject({ external: true, address: 'lab.example:7233', namespace: 'lab' });
});

test('a profile that does not exist is refused by name', async () => {
  await expect(configWith({ TEMPORAL_PROFILE: 'nowhere' })).rejects.toThrow(
    /Temporal profile cannot be used .*nowhere/,
  );
});

test.each([
  [{}, '127.0.0.1,localhost', '127.0.0.1,localhost', '127.0.0.1,localhost'],
  [{ no_proxy: 'a, .b' }, 'a,.b,127.0.0.1,localhost', 'a,.b,127.0.0.1,localhost', 'a,.b,127.0.0.1,localhost'],
  [{ NO_PROXY: 'localhost' }, 'localhost,127.0.0.1', 'localhost,127.0.0.1', 'localhost,127.0.0.1'],
  [{ no_proxy: 'a', NO_PROXY: 'b' }, 'a,127.0.0.1,localhost', 'b,127.0.0.1,localhost', 'a,127.0.0.1,localhost'],
  [{ no_grpc_proxy: 'c' }, '127.0.0.1,localhost', '127.0.0.1,localhost', 'c,127.0.0.1,localhost'],
  [{ no_proxy: '*' }, '*', '*', '127.0.0.1,localhost'],
])('with %j, this machine is asked without a proxy by every client', async (env, lower, upper, grpc) => {
  for (const name of ['no_proxy', 'NO_PROXY', 'no_grpc_proxy']) delete process.env[name];
  const { environmentWith } = await configWith(env);
  expect(environmentWith({})).toMatchObject({ no_proxy: lower, NO_PROXY: upper, no_grpc_proxy: grpc });
});

test('a process of ours is not told what was told another’s Python', async () => {
  const { environmentWith } = await configWith({ PYTHONHOME: '/a', PYTHONPATH: '/b', PYTHONSAFEPATH: '1', KEPT: 'c' });
  const env = environmentWith({ PYTHONPATH: '/ours' });
  expect(Object.keys(env).filter((name) => name.startsWith('PYTHON'))).toEqual(['PYTHONPATH']);
  expect(env).toMatchObject({ PYTHONPATH: '/ours', KEPT: 'c' });
});

test('trackers are known by name, and jobs on other machines are told what these read', async () => {
  const { config } = await configWith({
    FLYWHEEL_TRACKERS: ' tensorboard, wandb',
    WANDB_API_KEY: 'key',
    MLFLOW_TRACKING_URI: 'http://mlflow:5000',
  });
  expect(config.trackers).toMatchObject({ FLYWHEEL_TRACKERS: 'tensorboard,wandb', WANDB_API_KEY: 'key' });
  expect((await configWith({ WANDB_API_KEY: 'key' })).config.trackers).toEqual({});
  await expect(configWith({ FLYWHEEL_TRACKERS: 'comet' })).rejects.toThrow(
    'Expected FLYWHEEL_TRACKERS to name tensorboard, wandb, mlflow, separated by commas, got "comet"',
  );
});

test.each([
  ['FLYWHEEL_STACK', 'none', 'Expected FLYWHEEL_STACK to be own or deployed, got "none"'],
  ['FLYWHEEL_DESK_PROXIES', '10.0.0.0/8,proxy', 'Expected FLYWHEEL_DESK_PROXIES to be addresses or networks such as'],
  ['FLYWHEEL_CODEC_KEYS_FILE', '/no/such/file', 'Expected FLYWHEEL_CODEC_KEYS_FILE to be a file, got "/no/such/file"'],
])('%s of %s is refused by name', async (variable, value, message) => {
  await expect(configWith({ [variable]: value })).rejects.toThrow(message);
});

test('keys of payloads are the environment’s or a file’s, and not both', async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'flywheel-keys-')), 'keys');
  writeFileSync(file, 'k1:abc\n');
  const { config } = await configWith({ FLYWHEEL_CODEC_KEYS_FILE: file });
  expect(config.temporal.codecKeys).toBe('k1:abc');
  await expect(configWith({ FLYWHEEL_CODEC_KEYS_FILE: file, FLYWHEEL_CODEC_KEYS: 'k2:def' })).rejects.toThrow(
    'Expected FLYWHEEL_CODEC_KEYS or FLYWHEEL_CODEC_KEYS_FILE, got both',
  );
});

const TOML = `
[profile.cloud]
address = "region.example.org:7233"
namespace = "team.a1b2c"
api_key = "an-api-key"
[profile.own]
address = "temporal.example.org:7233"
[profile.own.tls]
client_cert_data = "CERTIFICATE"
client_key_data = "KEY"
server_ca_cert_data = "AUTHORITY"
server_name = "frontend"
`;
test('a profile says how clients and workers connect: an API key turns TLS on, certificates are handed on', async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'flywheel-profile-')), 'temporal.toml');
  writeFileSync(file, TOML);
  const { config: cloud } = await configWith({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud' });
  expect(cloud.temporal).toMatchObject({ external: true, namespace: 'team.a1b2c' });
  expect(cloud.temporal.connection).toMatchObject({
    address: 'region.example.org:7233',
    apiKey: 'an-api-key',
    tls: true,
  });
  const { config: own } = await configWith({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'own' });
  const { tls } = own.temporal.connection;
  if (typeof tls !== 'object' || tls === null) throw new Error('Expected TLS');
  expect([tls.serverNameOverride, Buffer.from(tls.serverRootCACertificate ?? []).toString()]).toEqual([
    'frontend',
    'AUTHORITY',
  ]);
  expect(Buffer.from(tls.clientCertPair?.key ?? []).toString()).toBe('KEY');
});
