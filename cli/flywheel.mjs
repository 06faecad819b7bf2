#!/usr/bin/env node
// tsx would take what follows for a query.
if (import.meta.dirname.includes('?')) {
  process.stderr.write(
    `Expected the project's folder to have no ? in its path, got ${import.meta.dirname}: rename it\n`,
  );
  process.exit(2);
}
const { register } = await import('tsx/esm/api');
register();
try {
  await import('./main.ts');
} catch (error) {
  // A faulty setting is the user's to mend: its message, not a stack.
  if (error?.name !== 'ConfigurationError') throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
