import { readFileSync } from 'node:fs';

/**
 * Prints the counts of jest's JSON as the last line; exits with 1 unless all passed and the command that ran them did.
 */
const [file, status] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
if (text === '') {
  // The types or the lint failed, and no test ran; or jest itself did not start.
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites, success } =
  JSON.parse(text);
const failed = numFailedTests + numRuntimeErrorTestSuites;
const skipped = numPendingTests + numTodoTests;
console.log(`${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(success && failed === 0 && status === '0' ? 0 : 1);
