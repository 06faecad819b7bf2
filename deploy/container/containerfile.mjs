// The Containerfile as data: what the steps' runner and the tests go by.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const FILE = path.join(import.meta.dirname, 'Containerfile');
const TAKEN = ['ARG', 'FROM', 'ENV', 'WORKDIR', 'COPY', 'RUN', 'USER', 'ENTRYPOINT', 'CMD'];

/**
 * Stages by name, with their instructions in order.
 * @param {Readonly<Record<string, string>>} args build arguments in place of the file's.
 * @returns {{ name: string, from: string, steps: { instruction: string, text: string }[] }[]}
 */
export function stagesOf(args = {}) {
  const values = new Map();
  const filled = (text) => text.replace(/\$\{(\w+)\}/g, (_, name) => values.get(name) ?? '');
  const stages = [];
  const lines = readFileSync(FILE, 'utf8')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, ' ')
    .split('\n');
  for (const line of lines.filter((each) => each.trim() !== '')) {
    const [, instruction = '', text = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (!TAKEN.includes(instruction)) throw new Error(`Expected one of ${TAKEN.join(', ')}, got ${line}`);
    if (instruction === 'ARG') {
      const [name = '', otherwise = ''] = text.split('=');
      values.set(name, args[name] ?? otherwise);
    } else if (instruction === 'FROM') {
      const [, from = '', name = ''] = /^(\S+) AS (\S+)$/.exec(filled(text)) ?? [];
      stages.push({ name, from, steps: [] });
    } else stages.at(-1).steps.push({ instruction, text });
  }
  return stages;
}

/** @returns {Record<string, string>} `NAME=value …` of an ENV. */
export const variablesOf = (text) =>
  Object.fromEntries(text.split(/\s+/).map((each) => each.split(/=(.*)/s).slice(0, 2)));

/** @returns {{ from?: string, sources: string[], to: string }} of a COPY. */
export function copyOf(text) {
  const words = text.split(/\s+/);
  const [, from] = /^--from=(\S+)$/.exec(words[0] ?? '') ?? [];
  const paths = from === undefined ? words : words.slice(1);
  return { ...(from && { from }), sources: paths.slice(0, -1), to: paths.at(-1) ?? '' };
}
