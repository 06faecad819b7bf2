import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileStore } from '../../../activities/store/files.ts';
import { config } from '../../../temporal.config.ts';

/** What a trainer does with an address: it writes there, and tells where that is. */
const TRAINER = `
import sys
from trainer.contract.files import path_of
place = path_of(sys.argv[1])
(place / "written").write_text("by Python")
print(place.as_uri())
`;

test.each([
  'run#1',
  'a?b',
  '50%25 %',
  's p',
  'it\'s "ü" \ud835\udc00',
  'two\nlines\tand a tab',
  'back\\slash',
  '[1];&=+,~',
])('a trainer finds the folder %j by its address, and its address says the same folder here', async (name) => {
  const store = new FileStore(path.join(await mkdtemp(path.join(tmpdir(), 'flywheel-odd-')), name));
  await mkdir(store.path('jobs/a'), { recursive: true });
  const { stdout, stderr } = spawnSync(config.python, ['-c', TRAINER, store.address('jobs/a')], {
    cwd: config.root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(fileURLToPath(stdout.trimEnd())).toBe(store.path('jobs/a'));
  expect(await readFile(store.path('jobs/a/written'), 'utf8')).toBe('by Python');
});
