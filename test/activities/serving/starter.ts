/** A process that wants a model served, by an engine: prints the address it was given. */
import { bench, checkpointModel } from './fixture.ts';

const [folder, engine, model] = process.argv.slice(2);
if (folder === undefined || engine === undefined || model === undefined)
  throw new Error('Expected a folder, an engine and a model');
const [endpoint] = await (await bench({ folder })).open().engine(engine).ensure(checkpointModel(model));
process.stdout.write(`${endpoint?.baseUrl}\n`);
