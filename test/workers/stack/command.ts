/** A command that needs the stack until it is told to leave it: says `joined`, then what becomes of the stack. */
import { once } from 'node:events';
import { joinStack, leaveStack } from '../../../workers/stack/owner.ts';

const [started, detached] = process.argv.slice(2).map((word) => word === 'true');
await joinStack(started === true, detached === true);
process.stdout.write('"joined"\n');
await once(process.stdin, 'data');
process.stdout.write(`${JSON.stringify(await leaveStack())}\n`);
process.exit();
