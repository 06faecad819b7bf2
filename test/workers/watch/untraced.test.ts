import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.join(__dirname, '..', '..', '..');

/** What a process says that has put the world of a worker together. */
function asked(script: string, env: Readonly<Record<string, string>> = {}): string {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: _, ...rest } = process.env;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { cwd: root, env: { ...rest, ...env }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

test('a process that tells no traces loads nothing of it, and bundles the workflows as they are', () => {
  const script = `
    import { createRequire } from 'node:module';
    const { tracing, tracedModules } = await import('./workers/watch/tracing.ts');
    await import('./workers/host.ts');
    const loaded = Object.keys(createRequire(import.meta.url).cache ?? {});
    const packages = loaded.filter((file) => /opentelemetry[/](sdk|exporter|core|resources)|interceptors-opentelemetry/.test(file));
    console.log(JSON.stringify([(await tracing()) === undefined, tracedModules(), packages]));
  `;
  expect(JSON.parse(asked(script))).toEqual([true, [], []]);
});

test('workflows that tell traces are another build', () => {
  const script = `console.log(await (await import('./workers/builds.ts')).buildIdOfToday())`;
  expect(asked(script, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' })).not.toBe(asked(script));
});
