/**
 * Runs `run` for every item, one more whenever there is room. After an error nothing new starts.
 * @throws the first error, after all that was started has ended.
 */
export async function forEachReady<T>(
  items: Iterable<T>,
  ready: () => Promise<void>,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const errors: unknown[] = [];
  const failed = (error: unknown): void => void errors.push(error);
  for (const item of items) {
    await ready().catch(failed);
    if (errors.length > 0) break;
    const task = run(item)
      .catch(failed)
      .finally(() => underWay.delete(task));
    underWay.add(task);
  }
  await Promise.all(underWay);
  if (errors.length > 0) throw errors[0];
}
