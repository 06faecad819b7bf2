import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { importProblems } from '../../../activities/imports/problems.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { lineage } from '../../../reports/lineage/lineage.ts';
import { newFolder } from '../figures/lapFixture.ts';

test('problems that were brought go back to the file that they came from, and are what their name says', async () => {
  const store = new FileStore(await newFolder());
  const file = path.join(await newFolder(), 'contest.csv');
  await writeFile(file, 'problem\nProve A.\nProve B.\n');
  const { uri, sha256, from } = await importProblems(store, file);
  for (const asked of [uri, sha256.slice(0, 12)]) {
    const { subject, nodes } = await lineage(store, asked, { weights: true });
    expect(subject).toBe(uri);
    expect(nodes).toMatchObject([
      { id: uri, kind: 'dataset', by: 'importProblems', facts: { rows: 2 }, verified: ['sha256'] },
      { id: 'contest.csv', kind: 'given', facts: { sha256: from[0]?.sha256 } },
    ]);
  }
  await writeFile(store.path(uri), '{}\n');
  await expect(lineage(store, uri, { weights: true })).rejects.toThrow('Broken link');
});
