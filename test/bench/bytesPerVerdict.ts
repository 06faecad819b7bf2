import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ledger } from '../../activities/ledger/ledger.ts';
import { FileStore } from '../../activities/store/files.ts';
import { sealedUri } from '../../activities/ledger/sealedLedger.ts';
import { randomFrom } from '../../shared/seeds.ts';
import type { Bench } from './bench.ts';

const VERDICTS = 2_000;

/** Verdicts with distinct texts of 2 to 20 KB go through a ledger, and the ledger is sealed. */
export const bytesPerVerdict: Bench = {
  name: 'bytes-per-verdict',
  about: 'bytes on disk per verdict ÷ bytes of its text, in a sealed ledger',
  goal: '<= 0.5',
  met: (value) => value <= 0.5,
  takes: [],
  async run() {
    const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-bytes-'));
    try {
      const store = new FileStore(folder);
      const ledger = await Ledger.open(store, 'shard-0000.jsonl');
      const random = randomFrom(1);
      const words = vocabulary(random);
      const keys: string[] = [];
      let [textBytes, leastAlone, sumAlone] = [0, 1, 0];
      for (let verdict = 0; verdict < VERDICTS; verdict += 1) {
        const text = textOf(words, 2_000 + Math.floor(18_000 * random()), random);
        const bytes = Buffer.byteLength(text);
        const alone = gzipSync(text, { level: 9 }).length / bytes;
        leastAlone = Math.min(leastAlone, alone);
        sumAlone += alone;
        textBytes += bytes;
        const key = Array.from({ length: 24 }, () => Math.floor(random() * 16).toString(16)).join('');
        keys.push(key);
        await ledger.append({
          key,
          row: `main/lap-0001/label/proofs/r${verdict >> 3}`,
          sample: verdict % 8,
          kind: 'answered',
          task: 'verify',
          model: 'c'.repeat(64),
          seed: Math.floor(random() * 2 ** 31),
          text,
          score: ([0, 0.5, 1] as const)[verdict % 3],
          usage: { promptTokens: 900, completionTokens: bytes >> 2 },
          latencyMs: Math.floor(random() * 60_000),
          requests: 1,
        });
      }
      await ledger.seal(keys);
      const sealed = (await store.stat(sealedUri('shard-0000.jsonl')))?.bytes ?? NaN;
      return {
        value: sealed / textBytes,
        detail: {
          verdicts: VERDICTS,
          sealedBytesPerVerdict: Math.round(sealed / VERDICTS),
          textBytesPerVerdict: Math.round(textBytes / VERDICTS),
          gzip9OfATextAlone: { least: leastAlone, mean: sumAlone / VERDICTS },
          readableBy: 'zcat',
        },
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/**
 * Words made of letters at their English frequencies; drawn by Zipf's law, they compress like prose that does not
 * repeat itself.
 */
function vocabulary(random: () => number): string[] {
  const letters =
    'eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddllllcccuuummmwwffggyyppbbvk';
  return Array.from({ length: 6_000 }, () =>
    Array.from({ length: 2 + Math.floor(random() * 8) }, () => letters[Math.floor(random() * letters.length)]).join(''),
  );
}

function textOf(words: readonly string[], bytes: number, random: () => number): string {
  let text = '';
  while (text.length < bytes) {
    const word = words[Math.floor(words.length ** random()) - 1 + Math.floor(random() * 2)] ?? words[0];
    text += random() < 0.15 ? `$${word}_{${Math.floor(random() * 10)}}$ ` : `${word} `;
  }
  return text;
}
