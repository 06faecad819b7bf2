import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { shortcomingsOf } from '../../../activities/store/promptSet.ts';
import { addPromptSet, openPromptSet, pinned, promptSetNamed } from '../../../activities/store/promptSets.ts';
import { TASKS, type Task } from '../../../shared/records.ts';
import { MemoryStore } from './memoryStore.ts';

const shipped = path.resolve(import.meta.dirname, '../../../prompts');
let store: MemoryStore;
let folder: string;
let warned: string[];
const warn = (message: string) => warned.push(message);
beforeEach(async () => {
  store = new MemoryStore();
  warned = [];
  folder = await mkdtemp(path.join(os.tmpdir(), 'prompts-'));
  await cp(path.join(shipped, 'paper'), folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));
const change = (file: string, text: string) => writeFile(path.join(folder, file), text);

test('a shipped set is copied to the store, and opened by its digest from there', async () => {
  const ref = await promptSetNamed(store, 'paper');
  expect(await promptSetNamed(store, 'paper')).toEqual(ref);
  expect(await store.readText(`prompts/${ref.sha256}/prove.md`)).toBe(
    await readFile(path.join(shipped, 'paper/prove.md'), 'utf8'),
  );
  const [message] = (await openPromptSet(store, ref)).render('prove', { problem: 'THE PROBLEM' });
  expect(message).toMatchObject({ role: 'user', content: expect.stringContaining('THE PROBLEM') as string });
});

test('by the rubric that also scores misses a set is the same but for how an analysis is judged', async () => {
  const values = { problem: 'X', proof: 'Y', analysis: 'Z' };
  const [usual, misses] = await Promise.all(
    (['claims', 'claimsAndMisses'] as const).map(async (rubric) =>
      openPromptSet(store, await promptSetNamed(store, 'paper', rubric)),
    ),
  );
  const texts = (set: typeof usual) => TASKS.map((task) => set?.render(task, values)[0]?.content);
  const differing = TASKS.filter((_, index) => texts(usual)[index] !== texts(misses)[index]);
  expect(differing).toEqual(['metaVerify']);
  expect(misses?.render('metaVerify', values)[0]?.content).toContain('it reports none of them');
  const mine = await addPromptSet(store, folder, 'mine', warn);
  expect((await openPromptSet(store, mine)).render('metaVerify', values)).toEqual(usual?.render('metaVerify', values));
  const ruled = await openPromptSet(store, await promptSetNamed(store, pinned(mine), 'claimsAndMisses'));
  expect(ruled.render('metaVerify', values)).toEqual(misses?.render('metaVerify', values));
});

test('a set by which threads are refined has a text for that beside; laps are asked by the same as without it', async () => {
  const usual = await promptSetNamed(store, 'paper');
  expect(await store.exists(`prompts/${usual.sha256}/selfVerifyAgain.md`)).toBe(false);
  const [laps, again] = [
    await openPromptSet(store, usual),
    await openPromptSet(store, await promptSetNamed(store, pinned(usual), 'claims', true)),
  ];
  expect([laps.refinesAtOnce, again.refinesAtOnce]).toEqual([false, true]);
  const shown = (set: typeof laps, values: { problem: string; proof?: string; analysis?: string }) =>
    set.render('selfVerify', values)[0]?.content;
  const first = shown(laps, { problem: 'X' });
  expect(shown(laps, { problem: 'X', proof: 'THE PROOF', analysis: 'THE ANALYSIS' })).toBe(first);
  for (const values of [{ problem: 'X' }, { problem: 'X', proof: 'THE PROOF' }])
    expect(shown(again, values)).toBe(first);
  expect(shown(again, { problem: 'X', proof: 'THE PROOF', analysis: 'THE ANALYSIS' })).toMatch(
    /## Solution[^]*## Self Evaluation[^]*THE PROOF[^]*THE ANALYSIS/,
  );
  for (const task of TASKS.filter((each) => each !== 'selfVerify')) {
    const values = { problem: 'X', proof: 'Y', analysis: 'Z' };
    expect(again.render(task, values)).toEqual(laps.render(task, values));
  }
});

test('a set without a text for that is the same either way; a team’s has it where its folder does', async () => {
  expect(await promptSetNamed(store, 'rehearsal', 'claims', true)).toEqual(await promptSetNamed(store, 'rehearsal'));
  const mine = await addPromptSet(store, folder, 'mine', warn);
  expect((await openPromptSet(store, await promptSetNamed(store, 'mine', 'claims', true))).refinesAtOnce).toBe(true);
  await rm(path.join(folder, 'selfVerifyAgain.md'));
  const without = await addPromptSet(store, folder, 'mine', warn);
  expect(without.sha256).not.toBe(mine.sha256);
  expect((await openPromptSet(store, await promptSetNamed(store, 'mine', 'claims', true))).refinesAtOnce).toBe(false);
  await change('selfVerifyAgain.md', 'Again {{problem}} {{proof}}');
  await expect(addPromptSet(store, folder, 'mine', warn)).rejects.toThrow(
    /selfVerifyAgain\.md: expected \{\{quote analysis\}\}, got none[^]*selfVerifyAgain\.md: expected `## Solution`/,
  );
});

test('a set without a text for the rubric is refused by the name of the file', async () => {
  await rm(path.join(folder, 'metaVerifyMisses.md'));
  await addPromptSet(store, folder, 'mine', warn);
  await expect(promptSetNamed(store, 'mine', 'claimsAndMisses')).rejects.toThrow(
    'Expected the prompt set mine to have a metaVerifyMisses.md, as metaRubric "claimsAndMisses" asks for, got none',
  );
});

test('a set that was changed in the store, or is not there, is refused by its digest', async () => {
  const ref = await promptSetNamed(store, 'paper');
  await store.write(`prompts/${ref.sha256}/prove.md`, 'Prove {{problem}}.');
  await expect(openPromptSet(store, ref)).rejects.toThrow(`Expected prompts/${ref.sha256} of the store to hold the`);
  await expect(openPromptSet(store, { name: 'gone', sha256: '0' })).rejects.toThrow(
    'the prompt set gone, got texts of',
  );
});

test('a team’s set is known by its name; the name goes over to another, and the first stays what it is', async () => {
  await change('system.md', 'You are a mathematician.');
  const first = await addPromptSet(store, folder, 'mine', warn);
  expect(await promptSetNamed(store, 'mine')).toEqual(first);
  await change('system.md', 'You are a careful mathematician.');
  const second = await addPromptSet(store, folder, 'mine', warn);
  expect(second.sha256).not.toBe(first.sha256);
  expect(await promptSetNamed(store, 'mine')).toEqual(second);
  for (const [ref, said] of [
    [first, 'You are a mathematician.'],
    [second, 'You are a careful mathematician.'],
  ] as const)
    expect((await openPromptSet(store, ref)).render('prove', { problem: 'X' })[0]?.content).toBe(said);
});

test('a name with a digest means these texts, whatever the name has gone over to', async () => {
  const first = await addPromptSet(store, folder, 'mine', warn);
  await change('system.md', 'You are a careful mathematician.');
  const second = await addPromptSet(store, folder, 'mine', warn);
  for (const ref of [first, second]) expect(await promptSetNamed(store, pinned(ref))).toEqual(ref);
  const none = `mine@${'0'.repeat(64)}`;
  await expect(promptSetNamed(store, none)).rejects.toThrow(`texts of the store, got ${none}, which are not there`);
  await store.write(`prompts/${first.sha256}/system.md`, 'other');
  await expect(promptSetNamed(store, pinned(first))).rejects.toThrow('they were changed or are gone');
});

test('a shipped set may be named with its digest, in a store that never had it', async () => {
  const { sha256 } = await promptSetNamed(new MemoryStore(), 'paper');
  expect(await promptSetNamed(store, `paper@${sha256}`)).toEqual({ name: 'paper', sha256 });
});

test('a name that nobody knows is refused with those that there are', async () => {
  await addPromptSet(store, folder, 'mine', warn);
  await expect(promptSetNamed(store, 'theirs')).rejects.toThrow(
    /^Expected domain\.prompts to name a prompt set \(.*paper, .*mine\), got "theirs"/,
  );
});

test.each([
  ['a shipped set’s name', 'paper', () => Promise.resolve(), 'a name that no shipped set has, got paper'],
  ['a name that is a path', '../mine', () => Promise.resolve(), 'a name of letters, digits and dashes, got "../mine"'],
  ['a file that no set has', 'mine', () => change('Prove.md', ''), 'Prove.md is none of them'],
  [
    'a missing file',
    'mine',
    () => rm(path.join(folder, 'refine.md')),
    'Expected refine.md, a text for its task, got none',
  ],
  ['an unknown placeholder', 'mine', () => change('prove.md', '{{solution}}'), 'prove.md, got {{solution}}'],
  [
    'a missing value',
    'mine',
    () => change('verify.md', '{{problem}}'),
    'verify.md: expected {{quote proof}}, got none',
  ],
])('%s is refused, and nothing is added', async (_, name, spoil, message) => {
  await spoil();
  await expect(addPromptSet(store, folder, name, warn)).rejects.toThrow(message);
  expect(await store.exists('prompts')).toBe(false);
});

test('all that is wrong with a folder is told at once, under the folder’s name', async () => {
  await change('prove.md', '{{solution}}');
  await change('system.md', 'about {{problem}}');
  await change('Prove.md', '');
  await rm(path.join(folder, 'refine.md'));
  const told = await addPromptSet(store, folder, 'mine', warn).catch((error: Error) => error.message);
  expect(told).toMatch(`Expected ${folder} to hold metaVerify.md, prove.md,`);
  for (const fault of ['{{solution}}', 'placeholders in system.md', 'Prove.md', 'Expected refine.md', '`## Solution`'])
    expect(told).toContain(fault);
});

test('a folder that is not there is asked for', async () => {
  const none = path.join(folder, 'none');
  await expect(addPromptSet(store, none, 'mine', warn)).rejects.toThrow(`Expected a folder of prompts, got ${none}`);
});

test('what models wrote and a judge sees as it is, is warned of; the shipped paper set has none of it', async () => {
  await addPromptSet(store, folder, 'mine', warn);
  expect(warned).toEqual([]);
  const verify = await readFile(path.join(folder, 'verify.md'), 'utf8');
  await change('verify.md', verify.replaceAll('{{quote ', '{{'));
  await addPromptSet(store, folder, 'mine', warn);
  expect(warned).toEqual(['verify.md: a judge should see {{quote proof}}, got {{proof}}']);
});

describe('the production prompts', () => {
  const values = { problem: 'THE PROBLEM', proof: 'THE PROOF', analysis: 'THE ANALYSIS' };

  test('are such as a team’s have to be', async () => {
    const texts = await Promise.all(
      TASKS.map(
        async (task) => [`${task}.md`, await readFile(path.join(shipped, 'paper', `${task}.md`), 'utf8')] as const,
      ),
    );
    expect(shortcomingsOf(new Map(texts))).toEqual([]);
  });

  test('quote every text that they are given, and all that the task is about', async () => {
    const prompts = await openPromptSet(store, await promptSetNamed(store, 'paper'));
    const about: Record<Task, readonly string[]> = {
      prove: ['THE PROBLEM'],
      refine: Object.values(values),
      selfVerify: ['THE PROBLEM'],
      selfRefine: ['THE PROBLEM'],
      verify: ['THE PROBLEM', 'THE PROOF'],
      metaVerify: Object.values(values),
    };
    for (const task of TASKS) {
      const content = prompts.render(task, values)[0]?.content ?? '';
      for (const value of Object.values(values))
        expect(content.split(value).length - 1).toBe(about[task].includes(value) ? 1 : 0);
      expect(await readFile(path.join(shipped, 'paper', `${task}.md`), 'utf8')).not.toMatch(/\{\{(?!quote )/);
      expect(content.includes('\\boxed{}')).toBe(task !== 'prove' && task !== 'refine');
    }
  });
});
