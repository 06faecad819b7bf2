/** A worker to be killed: watches the fake training of the store given as an argument, and prints its outcome. */
import { bench, environment } from './fixture.ts';

const [folder, plan = 'succeed', stepMs = '100'] = process.argv.slice(2);
if (folder === undefined) throw new Error('Expected a folder');
const { activities, input } = await bench(plan, { folder, stepMs: Number(stepMs) });
process.stdout.write(`${JSON.stringify(await environment().run(activities.runTraining, input))}\n`);
