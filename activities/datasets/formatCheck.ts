import { obeyed, shown, type Obedience } from '../../shared/figures/obedience.ts';
import { placeOf, setIdOf, uri } from '../../shared/ids.ts';
import { PHASES, type OrderName } from '../../shared/lap/phases.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { DatasetRef, Task } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { failure } from '../failure.ts';
import { setWords } from '../sets/outcomes.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { workedExamples } from '../store/workedExamples.ts';

/** A lap 1 whose recipe says `formatCheck`. */
interface Checked {
  readonly lap: string;
  readonly recipe: Recipe;
}

/** The questions of the worked examples, a dataset a role. */
export async function writeFormatQuestions(store: ArtifactStore, { lap, recipe }: Checked) {
  const at = placeOf(lap, 'formatCheck');
  const count = recipe.formatCheck?.callsPerTask ?? 0;
  const written: { task: RoleChecked; rows: DatasetRef }[] = [];
  for (const { task } of rolesOf(recipe)) {
    const rows = await exampleRows(task, count);
    const made = madeBy('writeFormatQuestions', {});
    written.push({ task, rows: await store.writeJsonl(uri.dataset(at, task), rows, made) });
  }
  return written;
}

type RoleChecked = OrderName<'formatCheck', 'sample'>;
const rolesOf = (recipe: Recipe) => PHASES.formatCheck.orders({ recipe, turn: 1 }) ?? [];

/** Worked examples as rows that sets ask about. */
export async function exampleRows(task: Task, count: number): Promise<SetRow[]> {
  const examples = await workedExamples();
  return examples[task]
    .slice(0, count)
    .map(({ problem, values: { proof, analysis } }) => ({
      id: problem.id,
      problem,
      ...(proof !== undefined && { proof }),
      ...(analysis !== undefined && { analysis }),
    }));
}

/** What the answers of each role came to. @throws `FormatNotObeyed`, with why, and what helps. */
export async function checkFormats(store: ArtifactStore, { lap, recipe }: Checked): Promise<string> {
  const { minShare = 0 } = recipe.formatCheck ?? {};
  const at = placeOf(lap, 'formatCheck');
  const roles: Obedience[] = [];
  const lost: string[] = [];
  const helps = new Set<string>();
  for (const { task } of rolesOf(recipe)) {
    const set = await setWords(store, setIdOf(at, task));
    const [role] = set.obedience();
    if (role === undefined) continue;
    roles.push(role);
    if (obeyed(role, minShare)) continue;
    const words = set.lost(task);
    lost.push(`${task}: ${words.kinds}, such as ${words.sample}`);
    for (const remedy of words.helps) helps.add(remedy);
  }
  const told = roles.map(shown).join(', ');
  if (lost.length === 0) return told;
  throw failure(
    'FormatNotObeyed',
    `Expected the base to keep the format in at least ${Math.round(minShare * 100)} % of its answers in each role ` +
      `(formatCheck.minShare), got ${told}. ${lost.join('. ')}. Nothing else was spent. What helps: ` +
      `${[...helps].join('; ')}; or a lower formatCheck.minShare. \`flywheel ledger show ${at}/<role>\` shows all`,
  );
}
