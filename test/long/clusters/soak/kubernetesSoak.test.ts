import { soak } from './soak.ts';

jest.setTimeout(3_600_000);

/** As root: faults cut a network and fill a disk that are its own. */
test('50 faults as a seed decides: no attempt twice, nothing lost, no wrong end', async () => {
  expect(await soak('kubernetes')).toBe(0);
});
