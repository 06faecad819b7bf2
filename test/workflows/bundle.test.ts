import { originOf, workflowBundle } from './bundle.ts';

test('workflows are made of shared rules and the SDK: no schema library, no activity, no builtin of Node', async () => {
  const { modules, bytes } = await workflowBundle(); // a builtin of Node would be refused by the bundler
  const sdk = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];
  expect([...new Set(modules.map(originOf))].sort()).toEqual(['./shared', './workflows', ...sdk]);
  expect(bytes).toBeLessThanOrEqual(850_000);
});
