/**
 * Lint. The arrows between the rooms are data: a file imports its own floor or a lower one (ARCHITECTURE.md, "Rooms").
 * A rule for narrower files replaces that for wider ones, so each block names all that holds for its files. A pattern
 * with a look-around is never matched, and nobody says so.
 */
const FLOORS = ['shared', 'domains', 'activities', 'reports', 'workflows', 'temporal.config.ts', 'workers', 'cli'];
const SHARED = [
  ['problems', 'sampling', 'reward', 'statistics', 'training'],
  ['label', 'review'],
  ['products'],
  ['recipe'],
  ['lap'],
  ['cost'],
  ['figures'],
];
const ACTIVITIES = [
  ['metrics'],
  ['processes'],
  ['store'],
  ['ledger'],
  ['inference', 'clusters', 'reviews', 'imports', 'tables', 'notices'],
  ['sets', 'serving', 'training'],
  ['datasets'],
  ['laps'],
  ['products'],
  ['preflight'],
  ['teaching'],
];

/** Imports of `rooms` from anywhere below the top. */
const of = (rooms) =>
  `^(\\.{1,2}/)+(${rooms.map((room) => (room.endsWith('.ts') ? `${room}$` : `${room}/`)).join('|')})`;
const above = (room) => FLOORS.slice(FLOORS.indexOf(room) + 1);
const ban = (regex, message, more) => ({ regex, message, ...more });
const onlyTypes = { allowTypeImports: true };
const block = (files, ...patterns) => ({ files, rules: { 'no-restricted-imports': ['error', { patterns }] } });

const handedIn = ban(of(['domains']), 'A domain is handed in, by workers/ and cli/.');
const noOther = 'A domain knows no other.';
const registryAlone = ban('^(\\.\\./)+domains/[^/]+/', 'Of domains/ only index.ts, the registry.');
const rules = {
  shared: [
    ban(of(above('shared')), 'shared/ imports nothing from the rest.'),
    ban('^(node:|@temporalio/([^c]|c[^o]|co[^m]|common/))', 'shared/ is pure: no Temporal, no Node.'),
    ban('^@temporalio/common$', 'shared/ takes only types of Temporal.', onlyTypes),
  ],
  domains: [ban(of(above('domains')), 'A domain imports shared/ alone; what else it needs is handed in.')],
  activities: [
    ban(of(above('activities')), 'activities/ import shared/ and each other; settings are handed in.'),
    handedIn,
  ],
  reports: [ban(of(above('reports')), 'reports/ import shared/ and activities/; settings are handed in.'), handedIn],
  workflows: [
    ban('^(node:|pino$|zod)', 'Workflow code is deterministic: no Node builtins, no pino; zod parses at the edges.'),
    ban(of(['domains', ...above('workflows')]), 'Workflows import shared/, and types of activities/ and reports/.'),
    ban(of(['activities', 'reports']), 'Workflows take only types of activities/ and reports/.', onlyTypes),
  ],
  'temporal.config.ts': [ban(of(above('temporal.config.ts')), 'Settings know no process and no command.')],
  workers: [ban(of(above('workers')), 'workers/ know no command.'), registryAlone],
  cli: [registryAlone],
};

/** One block for each folder of a room, whose folders stand above each other in groups. */
const folders = (room, groups) =>
  groups.slice(0, -1).flatMap((group, index) => {
    const higher = groups.slice(index + 1).flat();
    const order = groups.map((each) => each.join(', ')).join(' < ');
    return block(
      group.map((folder) => `${room}/${folder}/**`),
      ...rules[room],
      ban(`^(\\.\\./)+(${higher.join('|')})/`, `In ${room}/: ${order}.`),
    );
  });

export default {
  plugins: ['typescript', 'import', 'unicorn'],
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'no-console': 'error',
    'no-empty': 'error',
    'no-await-in-loop': 'off',
    'unicorn/no-array-sort': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-unnecessary-type-parameters': 'off',
    'no-shadow': 'off',
    // Long texts are broken at 120 columns.
    'no-useless-concat': 'off',
    'import/no-named-as-default-member': 'off',
    // A small function stands beside its only use; TypeScript itself sees whether a switch is exhaustive.
    'unicorn/consistent-function-scoping': 'off',
    'consistent-return': 'off',
    'typescript/consistent-return': 'off',
  },
  overrides: [
    ...Object.entries(rules).map(([room, patterns]) =>
      block([room.endsWith('.ts') ? room : `${room}/**`], ...patterns),
    ),
    {
      ...block(
        ['shared/*.ts'],
        ...rules.shared,
        ban(`^\\./(${SHARED.flat().join('|')})/`, 'The root of shared/ stands below its folders.'),
      ),
      // What a team brings is told in the types of every folder.
      excludeFiles: ['shared/domain.ts'],
    },
    block(['domains/*/*'], ...rules.domains, ban('^(\\.\\./[^.]|(\\.\\./)+domains/)', noOther)),
    block(['domains/*/*/*'], ...rules.domains, ban('^(\\.\\./\\.\\./[^.]|(\\.\\./)+domains/)', noOther)),
    ...folders('shared', SHARED),
    ...folders('activities', ACTIVITIES),
    { files: ['test/**'], rules: { 'no-unmodified-loop-condition': 'off' } },
    { files: ['cli/**', 'test/bench/**', '.ci/**'], rules: { 'no-console': 'off' } },
    { files: ['reports/lineage/*.ts'], rules: { 'import/no-cycle': 'off' } },
  ],
  ignorePatterns: ['node_modules', '.flywheel'],
};
