import { statfs } from 'node:fs/promises';
import path from 'node:path';

/** Bytes that a user may write, and all that there are, on the disk of a folder, or of where it will be. */
export async function roomOf(
  folder: string,
): Promise<{ readonly bytes: number; readonly ofBytes: number } | undefined> {
  for (let above = folder; ; above = path.dirname(above)) {
    const found = await statfs(above).catch(() => undefined);
    if (found !== undefined) return { bytes: found.bavail * found.bsize, ofBytes: found.blocks * found.bsize };
    if (above === path.dirname(above)) return undefined;
  }
}
