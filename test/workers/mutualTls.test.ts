import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer, type Server } from 'node:tls';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection } from '@temporalio/worker';

/** A Temporal server behind a proxy that ends TLS and asks for a client's certificate, as clusters of a site do. */
const folder = mkdtempSync(path.join(tmpdir(), 'flywheel-tls-'));
const at = (name: string): string => path.join(folder, name);
const before = { ...process.env };
let env: TestWorkflowEnvironment;
let proxy: Server;

/** A certificate of an authority that lives as long as this test. */
function certificate(name: string, by: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', at(`${name}.key`)];
  if (name === by) {
    openssl('req', '-x509', ...fresh, '-subj', `/CN=${name}`, '-days', '1', '-out', at(`${name}.pem`));
    return;
  }
  writeFileSync(at('names'), `subjectAltName=DNS:${name}.example.org`);
  openssl('req', ...fresh, '-subj', `/CN=${name}`, '-out', at(`${name}.csr`));
  const signed = ['-CA', at(`${by}.pem`), '-CAkey', at(`${by}.key`), '-CAcreateserial', '-extfile', at('names')];
  openssl('x509', '-req', '-in', at(`${name}.csr`), ...signed, '-days', '1', '-out', at(`${name}.pem`));
}

beforeAll(async () => {
  for (const [name, by] of [
    ['authority', 'authority'],
    ['server', 'authority'],
    ['client', 'authority'],
    ['stranger', 'stranger'],
  ] as const)
    certificate(name, by);
  env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: process.env['TEMPORAL_CLI_PATH'] ?? '' },
      extraArgs: ['--log-level', 'never'],
    },
  });
  const port = Number(/:(\d+)$/.exec(env.address)?.[1]);
  const read = (name: string): Buffer => readFileSync(at(name));
  const asks = { requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] };
  proxy = createServer(
    { key: read('server.key'), cert: read('server.pem'), ca: read('authority.pem'), ...asks },
    (client) => {
      const server: Socket = connect(port, '127.0.0.1');
      for (const socket of [client, server])
        socket.on('error', () => undefined).on('close', () => (client.destroy(), server.destroy()));
      client.pipe(server).pipe(client);
    },
  );
  proxy.on('tlsClientError', () => undefined); // the stranger
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
}, 120_000);
afterAll(async () => {
  process.env = { ...before };
  proxy.close();
  await env.teardown();
  rmSync(folder, { recursive: true });
});

/** The installation as a process whose profile has this client's certificate. */
async function installationOf(client: string) {
  writeFileSync(
    at('temporal.toml'),
    `[profile.own]
     address = "127.0.0.1:${(proxy.address() as AddressInfo).port}"
     [profile.own.tls]
     client_cert_path = "${at(`${client}.pem`)}"
     client_key_path = "${at(`${client}.key`)}"
     server_ca_cert_path = "${at('authority.pem')}"
     server_name = "server.example.org"`,
  );
  for (const name of Object.keys(process.env))
    if (/^TEMPORAL_(ADDRESS|NAMESPACE|TLS|API)/.test(name)) delete process.env[name];
  Object.assign(process.env, {
    TEMPORAL_CONFIG_FILE: at('temporal.toml'),
    TEMPORAL_PROFILE: 'own',
    FLYWHEEL_STATE: at('state'),
  });
  jest.resetModules();
  const { config } = await import('../../temporal.config.ts');
  return { config, ...(await import('../../workers/client.ts')) };
}

test('clients and workers reach a server that asks for their certificate', async () => {
  const { config, withClient } = await installationOf('client');
  const described = await withClient(({ workflowService, options: { namespace } }) =>
    workflowService.describeNamespace({ namespace }),
  );
  expect(described.namespaceInfo?.name).toBe('default');
  const connection = await NativeConnection.connect(config.temporal.connection);
  const { capabilities } = await connection.workflowService.getSystemInfo({});
  expect(capabilities?.internalErrorDifferentiation).toBe(true);
  await connection.close();
});

test('the certificate of another authority is refused, and the message says where to look', async () => {
  const { config, withClient } = await installationOf('stranger');
  await expect(withClient(async () => undefined)).rejects.toThrow(
    /No Temporal server answers at 127\.0\.0\.1:\d+\. Check TEMPORAL_ADDRESS and your temporal\.toml profile/,
  );
  await expect(NativeConnection.connect(config.temporal.connection)).rejects.toThrow();
}, 60_000);
