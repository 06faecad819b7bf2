import { BESIDE, CARD, EXPORTED } from '../../activities/store/card.ts';
import { runOf } from '../../shared/ids.ts';
import { decimal, whole } from '../pages/format.ts';
import { addedTerms, type CardFacts, type ExportedRole } from './cardFacts.ts';
import { cardTables, cell, type CardTable } from './cardFigures.ts';
import { lineageLines } from './cardLineage.ts';
import { promptLines, useLines } from './cardUse.ts';
import { nameOf } from './licence.ts';
import { limitsOf } from './limits.ts';
import { code, oneLine, table } from './markdown.ts';

/** What a model's own card is called, where it had one: of a model that was never trained here. */
export const EARLIER = 'README.earlier.md';

const TITLES: Readonly<Record<ExportedRole, string>> = {
  generator: 'a generator: it writes proofs, and judges its own',
  verifier: 'a verifier: it analyses proofs, and gives each a score of 0, 0.5 or 1',
  metaVerifier: 'a meta-verifier: it judges analyses of proofs, whether the issues that they report are real',
};

/** The Hub's name of the base, where it came from there. */
export function hubBase({ ancestry }: Pick<CardFacts, 'ancestry'>): string | undefined {
  const [, name] = /^hf:([^@]+)@/.exec(ancestry.ancestors.at(-1)?.hub ?? '') ?? [];
  return name;
}

/** A model's card as the Hub reads it: Markdown below YAML. */
export function modelCard(facts: CardFacts): string {
  return [
    ...frontMatterLines(facts),
    ...headLines(facts),
    ...licenceLines(facts),
    ...lineageLines(facts),
    ...figureLines(facts),
    ...promptLines(facts),
    ...useLines(facts),
    '## Limits',
    '',
    ...limitsOf(facts).map((limit) => `- ${oneLine(limit)}`),
    '',
  ].join('\n');
}

function frontMatterLines(facts: CardFacts): string[] {
  const { licence, role, manifest, checkpoint } = facts;
  const base = hubBase(facts);
  const tags = ['proof-flywheel', 'self-verification', 'theorem-proving', role, manifest.recipe.domain.name];
  return [
    '---',
    `license: ${yaml(licence.id ?? 'unknown')}`,
    ...(licence.name === undefined ? [] : [`license_name: ${yaml(licence.name)}`]),
    ...(licence.link === undefined ? [] : [`license_link: ${yaml(licence.link)}`]),
    ...(base === undefined ? [] : [`base_model: ${yaml(base)}`, 'base_model_relation: finetune']),
    'library_name: transformers',
    'pipeline_tag: text-generation',
    'tags:',
    ...tags.map((tag) => `  - ${yaml(tag)}`),
    `${EXPORTED}: ${JSON.stringify(checkpoint.sha256)}`,
    `${BESIDE}:`,
    ...filesBeside(facts).map((name) => `  - ${yaml(name)}`),
    '---',
    '',
  ];
}

/** Files of the folder that are none of the checkpoint's; the prompts are a folder of their own. */
const filesBeside = (facts: CardFacts): string[] => [CARD, ...addedTerms(facts).map(nameOf)];

/** A text as YAML; JSON's strings are. */
const yaml = (value: string): string => (/^[A-Za-z][\w./-]*$/.test(value) ? value : JSON.stringify(value));

function headLines({ manifest, role, checkpoint, size, licence, files }: CardFacts): string[] {
  const { lap, turn, recipe, recipeSha256, startedAt, endedAt } = manifest;
  const beside = [...addedTerms({ licence, files }).map(nameOf), '`prompts/`'];
  return [
    `# ${lap}, ${role}`,
    '',
    `This is ${TITLES[role]}. It is what lap ${lap} (turn ${turn} of its chain, run ${runOf(lap)}) of a training`,
    'flywheel of self-verifying provers (DeepSeekMath-V2, arXiv 2511.22570) ended with, run by proof-flywheel.',
    '',
    ...table(
      ['', ''],
      [
        ['checkpoint', code(checkpoint.sha256)],
        ['parameters', whole(size.parameters)],
        ['context', size.context === undefined ? 'its config does not say' : `${whole(size.context)} tokens`],
        ['domain', recipe.domain.name],
        ['preset, seed', `${recipe.preset}, ${recipe.seed}`],
        ['recipe', code(recipeSha256)],
        ['lap', `${startedAt} to ${endedAt}`],
      ],
    ),
    '',
    'The checkpoint is known by sha256 over the lines `<sha256 of file>  <file name>\\n` of its files in the byte',
    `order of the names. ${beside.join(', ')} and this card are none of them` +
      (files.includes(CARD) ? `; the README.md that it had lies here as ${EARLIER}.` : '.'),
    '',
  ];
}

function licenceLines({ licence, ancestry, manifest }: CardFacts): string[] {
  const base = ancestry.ancestors.at(-1);
  const digest = code(base?.checkpoint.sha256 ?? '');
  const files =
    licence.terms.length === 0
      ? ''
      : ` Files of terms that came with it lie here: ${licence.terms.map(nameOf).join(', ')}.`;
  const isOfBase = licence.of?.sha256 === base?.checkpoint.sha256;
  const name = licence.name === undefined ? '' : ` (${licence.name})`;
  return [
    '## Licence',
    '',
    licence.id === null
      ? `unknown: nobody said. No file of the base (${base?.hub ?? manifest.recipe.domain.base}, ${digest}) names a ` +
        `licence.${files} Before this model is passed on, ask whoever made the base, and put the answer into ` +
        '`license:` above. Of a base that is taken in with its LICENSE or README.md it is known from then on.'
      : `${licence.id}${name}, as ${isOfBase ? `its base (${digest})` : code(licence.of?.sha256 ?? '')} says.${files}`,
    '',
    'What its problems and proofs may be used for no lap records, and is not said here.',
    '',
  ];
}

function figureLines({ report, role }: CardFacts): string[] {
  const tables = report === null ? [] : cardTables(report, role);
  return [
    '## Figures',
    '',
    report === null
      ? 'The artifacts that its lap was measured by are gone.'
      : `Of the report of ${report.lap}: at T = 1, on problems held out from its chain's trainings, with 95 % ` +
        'intervals by problem.' +
        (tables.length === 0 ? ' Nothing was measured of this role in that lap; the reasons stand under Limits.' : ''),
    '',
    ...tables.flatMap(figureTable),
  ];
}

function figureTable({ title, columns, rows }: CardTable): string[] {
  const withConstant = rows.some(({ constant }) => constant !== undefined);
  const constantCell = (constant?: number) => (constant === undefined ? '' : decimal(constant));
  return [
    `**${title}**`,
    '',
    ...table(
      ['', ...columns, ...(withConstant ? ['one answer to all'] : [])],
      rows.map(({ name, figures, constant }) => [
        name,
        ...figures.map(cell),
        ...(withConstant ? [constantCell(constant)] : []),
      ]),
    ),
    '',
  ];
}
