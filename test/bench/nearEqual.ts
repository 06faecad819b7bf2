import { groupStatements } from '../../shared/problems/groups.ts';
import { randomFrom } from '../../shared/seeds.ts';
import type { Bench } from './bench.ts';

const STATEMENTS = 200_000;
/** Of each hundred, copies of earlier ones: in another notation, and with a word more. */
const [EXACT, NEAR] = [4, 2];
/** A worker without a heartbeat for 20 s is taken for dead. */
const LONGEST_PAUSE_MS = 5_000;
const MOST_BYTES = 3e9;

/** Processor time to group as many statements as a team may ever have; a miss where that is not all that it does. */
export const nearEqual: Bench = {
  name: `near-equal-${STATEMENTS}`,
  about:
    `seconds of one core to group ${STATEMENTS} statements with planted copies; 1000 unless all are found, in 3 GB, ` +
    'and heartbeats get through',
  goal: '<= 120',
  met: (value) => value <= 120,
  takes: [],
  async run() {
    const { statements, copyOf } = population(STATEMENTS);
    const pauses = watch();
    const [began, used] = [performance.now(), process.cpuUsage()];
    const { groupOf, pairs } = await groupStatements(statements);
    const wallSeconds = Math.round((performance.now() - began) / 1000);
    const { user, system } = process.cpuUsage(used);
    const seconds = (user + system) / 1e6;
    const { longest, bytes } = pauses.stop();
    const missed = [...copyOf].filter(([copy, of]) => groupOf[copy] !== groupOf[of]).length;
    const isWhole = missed === 0 && longest <= LONGEST_PAUSE_MS && bytes <= MOST_BYTES;
    return {
      value: isWhole ? seconds : 1000,
      detail: {
        wallSeconds,
        characters: statements.reduce((sum, { length }) => sum + length, 0) / statements.length,
        planted: copyOf.size,
        missed,
        exact: pairs.filter(({ kind }) => kind === 'exact').length,
        near: pairs.filter(({ kind }) => kind === 'near').length,
        groups: new Set(groupOf).size,
        longestPauseMs: Math.round(longest),
        gigabytes: Math.round(bytes / 1e7) / 100,
      },
    };
  },
};

/** Statements of words, formulas and numbers as olympiads have them, with copies of some. */
function population(count: number): { statements: string[]; copyOf: Map<number, number> } {
  const random = randomFrom(7);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() ** 2 * from.length)] as T;
  const words = Array.from({ length: 6_000 }, () =>
    Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(SYLLABLES)).join(''),
  );
  const formula = (): string =>
    pick([
      `$${pick(LETTERS)}^{${1 + Math.floor(random() * 9)}} + ${pick(LETTERS)} \\le ${Math.floor(random() * 40)}$`,
      `$\\frac{${pick(LETTERS)}}{${pick(LETTERS)}} = ${pick(LETTERS)}$`,
      `$${pick(LETTERS)} \\mid ${pick(LETTERS)}$`,
    ]);
  const sentence = (): string =>
    Array.from({ length: 6 + Math.floor(random() * 6) }, () => (random() < 0.15 ? formula() : pick(words))).join(' ');
  const statements: string[] = [];
  const copyOf = new Map<number, number>();
  while (statements.length < count) {
    const place = statements.length % 100;
    if (statements.length > 100 && place < EXACT + NEAR) {
      const of = Math.floor(random() * statements.length);
      const original = statements[of] ?? '';
      copyOf.set(statements.length, of);
      statements.push(place < EXACT ? renotated(original, place) : original.replace('that', 'that also'));
    } else {
      const given = Array.from({ length: 1 + Math.floor(random() * 3) }, sentence).join('. ');
      statements.push(`Let ${given}. Prove that ${sentence()}.`);
    }
  }
  return { statements, copyOf };
}

const SYLLABLES =
  'tri an gle cir num ber pri me in te ger po ly no mi al se quence set point line con vex di vi sor'.split(' ');
const LETTERS = 'nkxyzmpqtab'.split('');

/** The same statement as another hand writes it. */
function renotated(statement: string, how: number): string {
  if (how === 0) return `Problem ${statement.length}. ${statement.toUpperCase().replaceAll('\\FRAC', '\\frac')}`;
  if (how === 1) return statement.replaceAll('$', '').replaceAll('\\le', '≤').replaceAll('\\mid', '|');
  if (how === 2) return statement.replaceAll(/\$([^$]*)\$/g, '\\($1\\)').replaceAll('\\frac', '\\dfrac');
  return statement
    .replaceAll(/\^\{(\d)\}/g, '^$1')
    .replaceAll(' ', '  ')
    .replace(/\.$/, '');
}

/** How long the event loop was held at most, and the memory in use. */
function watch() {
  let [last, longest, bytes] = [performance.now(), 0, 0];
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    bytes = Math.max(bytes, process.memoryUsage().rss);
  }, 50);
  return {
    stop: () => {
      clearInterval(timer);
      return { longest: Math.max(longest, performance.now() - last), bytes };
    },
  };
}
