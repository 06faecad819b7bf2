/** A process that wants the model served: prints the port it was given. */
import { bench, MODEL } from './fixture.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Expected a folder');
const [endpoint] = await (await bench({ folder })).open().endpoints(MODEL, { refresh: true });
process.stdout.write(`${endpoint?.baseUrl}\n`);
