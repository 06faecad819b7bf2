import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LapInput } from '../../../shared/lap/lapInput.ts';

/** A state folder of its own, which is read where the settings are first imported. */
const home = mkdtempSync(path.join(tmpdir(), 'flywheel-recipe-'));
process.env['FLYWHEEL_STATE'] = path.join(home, 'state');
delete process.env['FLYWHEEL_ENDPOINTS'];
const ROOT = path.resolve(import.meta.dirname, '../../..');

let readRecipe: (file: string) => Promise<LapInput>;
beforeAll(async () => {
  ({ readRecipe } = await import('../../../cli/lap/recipeFile.ts'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

let count = 0;
/** A team's folder with all that its recipe names. */
function folderWith(recipe: string): string {
  const folder = path.join(home, `team-${(count += 1)}`);
  mkdirSync(folder);
  cpSync(path.join(ROOT, 'domains/proofs/starter.jsonl'), path.join(folder, 'problems.jsonl'));
  cpSync(path.join(ROOT, 'prompts/paper'), path.join(folder, 'prompts'), { recursive: true });
  cpSync(path.join(ROOT, 'domains/rehearsal/checkpoints/rehearsal'), path.join(folder, 'base'), { recursive: true });
  writeFileSync(path.join(folder, 'endpoints.json'), '[{ "baseUrl": "http://127.0.0.1:9/v1" }]');
  writeFileSync(path.join(folder, 'team.jsonc'), recipe);
  return folder;
}
const WHOLE = `{
  // A team's.
  "preset": "team",
  "domain": {
    "settings": { "path": "./problems.jsonl" },
    "prompts": "./prompts",
    "base": "./base", /* small */
  },
  "endpoints": "./endpoints.json",
}`;

describe('a recipe file', () => {
  it('may have comments and trailing commas; what it names beside itself is in the store then, by digest', async () => {
    const folder = folderWith(WHOLE);
    const input = await readRecipe(path.join(folder, 'team.jsonc'));
    expect(input).toEqual({
      preset: 'team',
      domain: {
        settings: { path: expect.stringMatching(/^imports\/problems\/[0-9a-f]{12}\.jsonl$/) as string },
        prompts: expect.stringMatching(/^team-\d-prompts@[0-9a-f]{64}$/) as string,
        base: expect.stringMatching(/^checkpoints\/[0-9a-f]{64}$/) as string,
      },
    });
    expect(JSON.parse(readFileSync(path.join(home, 'state/endpoints.json'), 'utf8'))).toMatchObject([
      { baseUrl: 'http://127.0.0.1:9/v1' },
    ]);
  });

  it('is another lap when a file of its folder was changed, and the same when none was', async () => {
    const folder = folderWith(WHOLE);
    const before = await readRecipe(folder);
    expect(await readRecipe(folder)).toEqual(before);
    writeFileSync(
      path.join(folder, 'prompts/prove.md'),
      `${readFileSync(path.join(folder, 'prompts/prove.md'), 'utf8')}\n`,
    );
    const { domain } = await readRecipe(folder);
    expect(domain?.prompts).not.toBe(before.domain?.prompts);
    expect(domain).toMatchObject({ settings: before.domain?.settings, base: before.domain?.base });
  });

  it('has its base taken in anew where a file of it was changed', async () => {
    const folder = folderWith(WHOLE);
    const { domain } = await readRecipe(folder);
    const config = path.join(folder, 'base/config.json');
    writeFileSync(config, `${readFileSync(config, 'utf8')}\n`);
    expect((await readRecipe(folder)).domain?.base).not.toBe(domain?.base);
  });

  it('names what lies in the store, or on a hub, as it is', async () => {
    const domain = { settings: { path: 'imports/mine.jsonl' }, prompts: 'paper', base: 'hf:org/name@main' };
    expect(await readRecipe(folderWith(JSON.stringify({ preset: 'team', domain })))).toEqual({
      preset: 'team',
      domain,
    });
  });

  it.each([
    [
      'a comma that is missing',
      '{\n  "preset": "team"\n  "seed": 2\n}',
      /team\.jsonc line 3: expected JSON, .*CommaExpected/,
    ],
    ['a field that comes twice', '{ "seed": 1,\n  "seed": 2 }', /team\.jsonc line 2: .*got "seed" a second time/],
    ['a list', '[]', /team\.jsonc: expected an object such as \{"preset": "team"\}, got \[\]/],
    ['nothing', '', /team\.jsonc line 1: expected JSON/],
    ['a field that nobody knows', '{ "labeling": {} }', /team\.jsonc: Invalid lap input: labeling: no such field/],
    [
      'a file that is not there',
      '{ "preset": "team", "domain": { "settings": { "path": "./lost.jsonl" } } }',
      /domain\.settings\.path: expected a file of problems, got "\.\/lost\.jsonl", and .*lost\.jsonl is not there/,
    ],
    [
      'a path without its dot',
      '{ "preset": "team", "domain": { "base": "base" } }',
      /domain\.base: expected "\.\/base" for what lies beside the recipe, got "base"/,
    ],
    [
      'a folder that is no model',
      '{ "preset": "team", "domain": { "base": "./prompts" } }',
      /team\.jsonc: domain\.base: Expected .*prompts to be a checkpoint/,
    ],
    ['endpoints in place', '{ "endpoints": [] }', /endpoints: expected a file beside the recipe .*, got \[\]/],
  ])('is refused by file and field for %s', async (_, recipe, message) => {
    await expect(readRecipe(folderWith(recipe))).rejects.toThrow(message);
  });

  it('may name benchmarks beside itself, whose problems no lap may train on', async () => {
    const folder = folderWith(
      WHOLE.replace('"./problems.jsonl"', '"./problems.jsonl", "decontaminate": ["./putnam.jsonl", "imports/p.jsonl"]'),
    );
    writeFileSync(path.join(folder, 'putnam.jsonl'), '{"problem":"Prove that 1 = 1."}\n');
    const { domain } = await readRecipe(path.join(folder, 'team.jsonc'));
    expect(domain?.settings).toMatchObject({
      decontaminate: [expect.stringMatching(/^imports\/problems\/\w{12}\.jsonl$/), 'imports/p.jsonl'],
    });
  });

  it('that is not there is told what writes one', async () => {
    await expect(readRecipe(path.join(home, 'none.jsonc'))).rejects.toThrow(
      /none\.jsonc", which is not there: `flywheel init/,
    );
    await expect(readRecipe(path.join(folderWith(WHOLE), 'prompts'))).rejects.toThrow(
      /prompts", a folder without a team\.jsonc: `flywheel init/,
    );
  });
});
