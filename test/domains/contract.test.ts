import { domains } from '../../domains/index.ts';
import { rehearsal } from '../../domains/rehearsal/index.ts';
import { registry } from '../../shared/domain.ts';
import { keepsItsPromises } from './contract.ts';

for (const domain of domains.byName.values()) keepsItsPromises(domain);

test('each domain and preset has a name of its own', () => {
  expect(() => registry(rehearsal, rehearsal)).toThrow('a name of its own, got rehearsal twice');
  expect(() => registry(rehearsal, { ...rehearsal, name: 'copy' })).toThrow('a name of its own, got rehearsal twice');
  expect(() => domains.of('chess')).toThrow('Expected domain.name to be one of rehearsal, proofs');
});
