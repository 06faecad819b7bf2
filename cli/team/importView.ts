import type { AboutModel } from '../../activities/imports/aboutModel.ts';
import type { ImportedCandidates } from '../../activities/imports/candidates.ts';
import { TARGETS, type ChosenFields, type Target } from '../../activities/imports/fields.ts';
import type { ImportedGrades } from '../../activities/imports/graded/graded.ts';
import type { ImportedProblems } from '../../activities/imports/problems.ts';
import type { Dropped } from '../../activities/imports/reader.ts';
import type { ImportedEndpoints } from '../../activities/serving/endpoints.ts';
import { whole } from '../../reports/pages/format.ts';
import { short } from '../../shared/cost/planText.ts';
import type { BaseFacts } from '../../shared/lap/facts.ts';
import { SCORES } from '../../shared/scores.ts';

/** Of each kind, as many are named. */
const NAMED = 3;
const TOPICS = 12;

/** What a file of problems became, for a reader. @param alike what was found near-equal, in sentences. */
export function problemLines(brought: ImportedProblems, alike: readonly string[], to?: string): string[] {
  const { uri, count, took, topics, dropped, notes, from } = brought;
  const { formats, isGzipped, fields, left } = took;
  const missing: Readonly<Record<Target, string>> = {
    statement: '',
    id: "made of the set's name and the statement",
    topic: 'there is none: unknown',
    source: "the set's name",
    difficulty: 'there is none',
  };
  const shown = topics.slice(0, TOPICS).map(([topic, of]) => `${topic} ${whole(of)}`);
  if (topics.length > TOPICS) shown.push(`${whole(topics.length - TOPICS)} others`);
  return [
    `${whole(count)} problems of ${from.map(({ file }) => file).join(', ')} ` +
      `(${[...formats, ...(isGzipped ? ['packed'] : [])].join(', ')}) lie in the store as ${uri}` +
      (to === undefined ? '' : `, and in ${to}`),
    '',
    ...named(TARGETS.map((target) => [target, (fields[target] ?? missing[target]) + orElse(took, target)])),
    ...(left.length === 0 ? [] : [`  not taken: ${left.join(', ')}`]),
    '',
    `Topics: ${shown.join(', ')}`,
    ...alike,
    ...notes.map((note) => `Note: ${note}`),
    ...droppedLines(dropped),
    '',
    'In a recipe:',
    `  "domain": { "name": "proofs", "settings": { "path": "${uri}" } }`,
  ];
}

/** What a graded set became, for a reader. */
export function gradedLines(brought: ImportedGrades): string[] {
  const { uri, kind, count, problems, grader, form, scale, byScore, took, dropped, notes, from } = brought;
  const { formats, isGzipped, fields, left } = took;
  const targets = (Object.keys(fields) as (keyof typeof fields)[]).filter((target) => fields[target] !== undefined);
  return [
    `${whole(count)} graded ${kind} of ${from.map(({ file }) => file).join(', ')} ` +
      `(${[...formats, ...(isGzipped ? ['packed'] : [])].join(', ')}) lie in the store as ${uri}`,
    '',
    ...named(targets.map((target) => [target, (fields[target] ?? '') + orElse(took, target)])),
    ...(left.length === 0 ? [] : [`  not taken: ${left.join(', ')}`]),
    '',
    `Of ${whole(problems)} problems, graded by ${grader}: ` +
      SCORES.map((score) => `${whole(byScore[score] ?? 0)} × ${score}`).join(', '),
    ...(form === undefined ? [] : [`Form: ${form}; --format says otherwise`]),
    `Grades: ${scale}; --grades says otherwise`,
    ...notes.map((note) => `Note: ${note}`),
    ...droppedLines(dropped),
    '',
    'In a recipe:',
    ...(kind === 'proofs'
      ? [
          `  "coldStart": "given", "given": { "proofs": "${uri}" }          a lap 1 starts from them`,
          `  "experts": { "gold": { "proofs": "${uri}", "share": 0.05 } }   or they measure who scores`,
        ]
      : [`  "given": { "proofs": "…", "analyses": "${uri}" }`]),
  ];
}

/** What proofs without grades became, for a reader. */
export function candidateLines(brought: ImportedCandidates): string[] {
  const { uri, count, problems, took, dropped, notes, from } = brought;
  const { formats, isGzipped, fields, left } = took;
  const targets = (Object.keys(fields) as (keyof typeof fields)[]).filter((target) => fields[target] !== undefined);
  return [
    `${whole(count)} proofs of ${whole(problems)} problems of ${from.map(({ file }) => file).join(', ')} ` +
      `(${[...formats, ...(isGzipped ? ['packed'] : [])].join(', ')}) lie in the store as ${uri}`,
    '',
    ...named(targets.map((target) => [target, (fields[target] ?? '') + orElse(took, target)])),
    ...(left.length === 0 ? [] : [`  not taken: ${left.join(', ')}`]),
    ...notes.map((note) => `Note: ${note}`),
    ...droppedLines(dropped),
    '',
    'Labels of them: `flywheel label` with this file, or in the Web UI a workflow `label` with',
    `  {"proofs": "${uri}", "verifier": {"endpoint": "http://…/v1", "model": "…"}}`,
  ];
}

/** What else could have been read as a target. */
function orElse<Of extends string>({ beside }: ChosenFields<Of>, target: Of): string {
  const { others = [] } = beside.find((each) => each.target === target) ?? {};
  return others.length === 0 ? '' : ` (${others.join(', ')} could be it, too: --field ${target}=${others[0]})`;
}

function droppedLines(dropped: readonly Dropped<string>[]): string[] {
  if (dropped.length === 0) return [];
  const kinds = [...new Set(dropped.map(({ kind }) => kind))];
  const lines = kinds.map((kind) => {
    const of = dropped.filter((each) => each.kind === kind);
    const shown = of.slice(0, NAMED).map(({ where, why }) => `${where} (${why})`);
    return `  ${whole(of.length)} ${kind}: ${shown.join(', ')}${of.length > NAMED ? ', …' : ''}`;
  });
  return [`Left out: ${whole(dropped.length)}`, ...lines];
}

/** What a model's files tell of it. @param base as a recipe names it. */
export function modelLines(base: string, facts: BaseFacts & AboutModel): string[] {
  const { sha256 = '', parameters, bytes, context, generationPrompt, begins, stops, thinking, warnings } = facts;
  return [
    `The model lies in the store as checkpoints/${sha256}`,
    '',
    ...named([
      ['parameters', `${short(parameters)}, ${(bytes / 1e9).toFixed(2)} GB`],
      ['context', context === undefined ? 'its config does not say' : `${whole(context)} tokens`],
      ['before an answer', generationPrompt === undefined ? 'not known' : JSON.stringify(generationPrompt)],
      ['before a question', begins ?? 'no token that begins texts'],
      ['an answer ends at', stops.join(', ') || 'nothing'],
      ['thinking', thinking],
    ]),
    ...warnings.map((warning) => `Warning: ${warning}`),
    '',
    'In a recipe:',
    `  "domain": { "base": "${base}" }`,
  ];
}

/** What became of the endpoints that were brought. */
export function endpointLines({ file, changes, endpoints }: ImportedEndpoints): string[] {
  return [
    ...changes.map(
      ({ baseUrl, change, fields }) => `${baseUrl}: ${change}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}`,
    ),
    `${whole(endpoints.length)} endpoint${endpoints.length === 1 ? '' : 's'} in ${file}, for laps with ` +
      '"inference": { "engine": "external" }',
  ];
}

/** Lines of a name and what there is to say of it. */
function named(lines: readonly (readonly [name: string, said: string])[]): string[] {
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, said]) => `  ${name.padEnd(width)}  ${said}`);
}
