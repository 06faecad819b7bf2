import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** The bundle of all workflows as a worker loads it, without its source map. */
export async function workflowBundle(): Promise<{ bytes: number; modules: string[] }> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.resolve('workflows', 'index.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const own = code.slice(0, code.lastIndexOf('//# sourceMappingURL='));
  return {
    bytes: Buffer.byteLength(own),
    modules: [...own.matchAll(/!\*\*\* (\S+) \*\*\*!/g)].map(([, module = '']) => module),
  };
}

/** A package's name, or the folder of this project: `@temporalio/common`, `./shared`. */
export function originOf(module: string): string {
  const [, name = module.split('/').slice(0, 2).join('/')] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module) ?? [];
  return name;
}
