#!/usr/bin/env node
import { register } from 'tsx/esm/api';

register();
try {
  await import('./main.ts');
} catch (error) {
  // A faulty setting is the user's to mend: its message, not a stack.
  if (error?.name !== 'ConfigurationError') throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
