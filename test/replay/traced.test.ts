import { readdirSync } from 'node:fs';
import { folderOf, history, replay } from './replay.ts';

const interceptors = [require.resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors')];
const recorded = ['lap', 'products'].flatMap((folder) =>
  readdirSync(folderOf(folder)).map((name) => [folder, name] as const),
);

test.each(recorded)(
  'what was recorded without traces goes on with workflows that tell them: %s/%s',
  (folder, name) => replay(history(folder, name), 'workflows/index.ts', interceptors),
  60_000,
);
