/**
 * Runs a script's main function with the words of its command line; an error is told without its stack, and ends in
 * status 1.
 */
export function runScript(main: (...words: string[]) => Promise<void>): void {
  main(...process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
