import { counter, gauge, histogram } from './registry.ts';

const operations = counter({
  name: 'flywheel_store_operations_total',
  help: 'Writes, appends and reads of the artifact store that have ended, by their result: ok or error.',
  labels: ['operation', 'result'],
});
const bytes = counter({
  name: 'flywheel_store_bytes_total',
  help: 'Bytes that went into the artifact store (write, append) or came out of it (read).',
  labels: ['operation'],
});
const seconds = histogram({
  name: 'flywheel_store_operation_duration_seconds',
  help: 'How long a write or an append of the artifact store took, until it was safe.',
  labels: ['operation'],
  // From a local disk's millisecond to a checkpoint over a network.
  buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
});

export type StoreOperation = 'write' | 'append' | 'read';

export function countOperation(operation: StoreOperation, result: 'ok' | 'error', ms?: number): void {
  operations.inc({ operation, result });
  if (ms !== undefined) seconds.observe({ operation }, ms / 1000);
}

export function countBytes(operation: StoreOperation, count: number): void {
  bytes.inc({ operation }, count);
}

/** Shows the room on the disk of the state folder, where a process writes. */
export function measureDisk(
  room: () => Promise<{ readonly bytes: number; readonly ofBytes: number } | undefined>,
): void {
  gauge({ name: 'flywheel_disk_size_bytes', help: 'Size of the disk that the state folder lies on.' }, async (size) =>
    size.set((await room())?.ofBytes ?? 0),
  );
  gauge(
    { name: 'flywheel_disk_free_bytes', help: 'Free bytes on the disk that the state folder lies on.' },
    async (free) => free.set((await room())?.bytes ?? 0),
  );
}
