import { countBytes, countOperation, type StoreOperation } from '../metrics/storage.ts';
import { NoArtifact } from './refusals.ts';
import type { Appendable, ArtifactStore, Body } from './types.ts';

/** Counts what goes into a store, what comes out of it and what fails, whatever kind of store it is. */
export function measured<Store extends ArtifactStore>(store: Store): Store {
  const write = store.write.bind(store);
  const create = store.create.bind(store);
  const read = store.read.bind(store);
  const appendable = store.appendable.bind(store);
  return Object.assign(store, {
    write: (uri: string, body: Body, made: Parameters<ArtifactStore['write']>[2]) =>
      timed('write', () => write(uri, counted(body), made)),
    create: (uri: string, body: string, outlasts: Parameters<ArtifactStore['create']>[2]) =>
      timed('write', () => create(uri, body, outlasts)),
    async *read(...asked: Parameters<ArtifactStore['read']>): AsyncGenerator<Buffer> {
      try {
        for await (const chunk of read(...asked)) {
          countBytes('read', chunk.length);
          yield chunk;
        }
        countOperation('read', 'ok');
      } catch (error) {
        // What is not there is an answer.
        countOperation('read', error instanceof NoArtifact ? 'ok' : 'error');
        throw error;
      }
    },
    async appendable(uri: string): Promise<Appendable> {
      const file = await appendable(uri);
      const append = file.append.bind(file);
      // Its size is read each time: it grows.
      return Object.assign(file, {
        append: (bytes: Buffer, outlasts: Parameters<Appendable['append']>[1]) => {
          countBytes('append', bytes.length);
          return timed('append', () => append(bytes, outlasts));
        },
      });
    },
  });
}

async function timed<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    const result = await work();
    countOperation(operation, 'ok', performance.now() - began);
    return result;
  } catch (error) {
    countOperation(operation, 'error');
    throw error;
  }
}

function counted(body: Body): Body {
  if (typeof body === 'string' || ArrayBuffer.isView(body)) {
    countBytes('write', Buffer.byteLength(body));
    return body;
  }
  return (async function* chunks() {
    for await (const chunk of body) {
      countBytes('write', Buffer.byteLength(chunk));
      yield chunk;
    }
  })();
}
