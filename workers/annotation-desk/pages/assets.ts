import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MATHEMATICS_STYLE } from '../../../reports/pages/mathematics/index.ts';

/** The desk's own files. */
export const ASSETS = fileURLToPath(new URL('../assets/', import.meta.url));
/** The typesetter's rules; beside them are its fonts. */
export const TYPESETTER = createRequire(import.meta.url).resolve('katex/dist/katex.min.css');

let version: string | undefined;

/** Where a page loads a file: the address changes with what any of them says, so that browsers may keep it. */
export function asset(name: string): string {
  version ??= versionOf([...readdirSync(ASSETS).map((file) => path.join(ASSETS, file)), TYPESETTER]);
  return `/assets/${name}?v=${version}`;
}

function versionOf(files: readonly string[]): string {
  const hash = createHash('sha256').update(MATHEMATICS_STYLE);
  for (const file of files.toSorted()) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}
