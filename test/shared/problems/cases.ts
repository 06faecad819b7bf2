import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Statements in several notations, a list each. */
export const NOTATIONS = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'notations.json'), 'utf8'),
) as readonly (readonly string[])[];

const wordings = (number: number): string[] => [
  `Prove that for every integer n > ${number}, the number n^2 + n is even.`,
  `Prove that for every integer n > ${number},  the number n^2 + n is even.`,
  `PROVE THAT FOR EVERY INTEGER n > ${number}, THE NUMBER n^2 + n IS EVEN.`,
  `Prove that for every integer $n>${number}$, the number $n^{2}+n$ is even.`,
  `Prove that for every integer n > ${number}, the number n^2+n is even`,
  `Problem 7. Prove that for every integer n > ${number}, the number n^2 + n is even.`,
  `Prove that for every integer \\(n > ${number}\\), the number \\(n^2 + n\\) is even.\n`,
];

/** Lists of statements that are one problem each. */
export const CASES: readonly (readonly string[])[] = [100, 101, 102, 103, 104].map(wordings);

/** Statements that are problems of their own. */
export const DISTINCT: readonly string[] = [11, 58].flatMap((number) => [
  `Let ABC be a triangle with incentre I. Prove that AI bisects angle BAC when AB = ${number}.`,
  `Find, with proof, all primes p such that p + ${number} is a perfect cube.`,
]);

/** Forty problems in the eight wordings in which a team's file may have one, the last with another letter. */
export const EIGHT_WORDINGS: readonly (readonly string[])[] = Array.from({ length: 40 }, (_, index) => [
  ...wordings(100 + index),
  `Prove that for every integer k > ${100 + index}, the number k^2 + k is even.`,
]);
