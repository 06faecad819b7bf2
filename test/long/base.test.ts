import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { checkpointDigest } from '../../activities/store/checkpoints.ts';
import { chainOf } from '../../domains/rehearsal/chain.ts';
import {
  CLEAN_TEACHER,
  demonstrate,
  SLOPPY_TEACHER,
  withMisses,
  withoutIntermediates,
} from '../../domains/rehearsal/base/demonstrations.ts';
import {
  descriptionFile,
  folderOf,
  recipeDigest,
  type BaseDescription,
} from '../../domains/rehearsal/base/describeBase.ts';
import { inspectBase } from '../../domains/rehearsal/base/inspectBase.ts';
import { BASES, loadPromptTexts, makeCorpora, rubricOf, type BaseName } from '../../domains/rehearsal/base/makeBase.ts';
import { rehearsalProblems } from '../../domains/rehearsal/problems.ts';
import { TASKS } from '../../shared/records.ts';
import { randomFrom } from '../../shared/seeds.ts';

const python = process.env['FLYWHEEL_TRAINER_PYTHON'] ?? '.flywheel/python/bin/python';
const run = async (...args: string[]) => (await promisify(execFile)(python, args, { maxBuffer: 2 ** 26 })).stdout;
const description = async (base: BaseName) =>
  JSON.parse(await readFile(descriptionFile(base), 'utf8')) as BaseDescription;

test.each(BASES)(
  'the shipped %s is the one that its description names, which tells of the recipe as it stands',
  async (base) => {
    const { checkpoint, recipe } = await description(base);
    expect(await checkpointDigest(folderOf(base))).toBe(checkpoint);
    expect(await recipeDigest(base, recipe.seed)).toBe(recipe.sha256);
  },
);

test('training the first phase twice gives the same weights', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'rehearsal-base-'));
  await makeCorpora(folder, 'rehearsal', 1);
  const digests: string[] = [];
  for (const name of ['one', 'two']) {
    await run('domains/rehearsal/base/train_base.py', folder, path.join(folder, name), '--phases', '1');
    digests.push(
      createHash('sha256')
        .update(await readFile(path.join(folder, name, 'model.safetensors')))
        .digest('hex'),
    );
  }
  expect(digests[0]).toBe(digests[1]);
});

test.each(BASES)('the shipped %s behaves as its description says', async (base) => {
  const { measured } = await description(base);
  const { figures } = measured;
  const seen = await inspectBase({
    checkpoint: folderOf(base),
    problemsPerLength: 25,
    seed: measured.seed + 1,
    python,
    rubric: rubricOf(base),
  });
  // Three standard errors of a share at n = 175, at most: a trajectory has three chances to go wrong, and does so in
  // one of seven.
  for (const [task, share] of Object.entries(seen['wellFormed'] ?? {}))
    expect([task, share >= Math.min(0.96, (figures['wellFormed']?.[task] ?? 1) - 0.08)]).toEqual([task, true]);
  for (const [group, name] of [
    ['proof score', 'all'],
    ['proof score', '2-3'],
    ['verify', 'accuracy'],
    ['verify', 'quality'],
    ['verify', 'analysesWithFalseRemarks'],
    ['selfVerify', 'claimsOf1'],
  ] as const) {
    // Other problems, fewer of them: three standard errors of a share at n = 50 to 175.
    expect(Math.abs((seen[group]?.[name] ?? Number.NaN) - (figures[group]?.[name] ?? Number.NaN))).toBeLessThan(0.2);
  }
});

test(
  'the tokenizer gives every text of the domain back, knows all its words, and reads any other text as ' + 'unknown',
  async () => {
    const random = randomFrom(5);
    const prompts = await loadPromptTexts();
    const problems = rehearsalProblems({ seed: 5, count: 70, difficulty: [2, 8] });
    const texts = problems.flatMap(({ statement }) =>
      TASKS.flatMap((task) =>
        [CLEAN_TEACHER, SLOPPY_TEACHER, withoutIntermediates(SLOPPY_TEACHER), withMisses(SLOPPY_TEACHER, 0.02)].map(
          (teacher) => {
            const { answer, proof = '', analysis = '' } = demonstrate(task, chainOf(statement), teacher, random);
            const values: Record<string, string> = { problem: statement, proof, analysis };
            return {
              prompt: prompts[task].replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? ''),
              answer,
            };
          },
        ),
      ),
    );
    const file = path.join(await mkdtemp(path.join(tmpdir(), 'rehearsal-texts-')), 'texts.json');
    await writeFile(file, JSON.stringify(texts));
    const code = `
import json, sys
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
texts = json.load(open(sys.argv[2]))
wrong = unknown = 0
for text in texts:
    messages = [{"role": "user", "content": text["prompt"]}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
    answer = tokenizer.encode(text["answer"], add_special_tokens=False)
    wrong += tokenizer.decode(prompt) != text["prompt"] + " <answer>"
    wrong += tokenizer.decode(answer, skip_special_tokens=True) != text["answer"]
    unknown += tokenizer.unk_token_id in prompt + answer
strange = tokenizer.encode("Proof by \\u0000 12 \\u00e9 L1", add_special_tokens=False)
counts = {"wrong": wrong, "unknown": unknown, "strange": strange.count(tokenizer.unk_token_id), "length": len(strange)}
print(json.dumps(counts))
`;
    expect(JSON.parse(await run('-c', code, folderOf('rehearsal'), file))).toEqual({
      wrong: 0,
      unknown: 0,
      strange: 5,
      length: 6,
    });
  },
);
