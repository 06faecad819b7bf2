import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.ts';
import { offsetOf, partsOf, type Part } from './place.ts';
import { codeOf, statusOf, wasRepeated } from './refusals.ts';

/** What a request says of an object. */
export interface Head {
  readonly bytes: number;
  readonly changedAt: number;
  readonly etag: string;
  /** Whether parts may continue it. */
  readonly grows: boolean;
  /** Which write made it. */
  readonly by: string | undefined;
}

/** How an object is written. */
export interface Put {
  /** Only where there is none. */
  readonly ifNone?: boolean;
  /** Only in place of this one. */
  readonly ifMatch?: string;
  readonly grows?: boolean;
  /** Tells one write from another, when an answer was lost. */
  readonly by?: string;
}

/** Ours: a part of a multipart upload; four are held at once. 10,000 of them are 80 GB, the largest object. */
const PART_BYTES = 8 * 2 ** 20;
const METADATA = { grows: 'flywheel-grows', by: 'flywheel-by' };

/** The requests that a store makes of a bucket. */
export class Bucket extends Connection {
  /** Undefined where there is no such object. */
  async head(key: string): Promise<Head | undefined> {
    return this.ask(async ({ sdk, client }) => {
      const { ContentLength, LastModified, ETag, Metadata } = await client.send(
        new sdk.HeadObjectCommand({ Bucket: this.place.bucket, Key: key }),
      );
      return headOf(ContentLength, LastModified, ETag, Metadata);
    }).catch(unlessMissing);
  }

  /**
   * Undefined where there is no such object; no bytes where the range begins behind its end.
   * @param range `to` excluded.
   */
  async get(
    key: string,
    { from, to } = { from: 0, to: Infinity },
  ): Promise<{ readonly head: Head; readonly body: AsyncIterable<Buffer> } | undefined> {
    const range = from === 0 && to === Infinity ? undefined : `bytes=${from}-${to === Infinity ? '' : to - 1}`;
    try {
      return await this.ask(async ({ sdk, client }) => {
        const { Body, ContentRange, ContentLength, LastModified, ETag, Metadata } = await client.send(
          new sdk.GetObjectCommand({ Bucket: this.place.bucket, Key: key, ...(range && { Range: range }) }),
        );
        const whole = ContentRange === undefined ? ContentLength : Number(ContentRange.split('/')[1]);
        return { head: headOf(whole, LastModified, ETag, Metadata), body: Body as Readable };
      });
    } catch (error) {
      if (statusOf(error) !== 416) return unlessMissing(error);
      const head = await this.head(key);
      return head && { head, body: Readable.from([]) };
    }
  }

  /** @returns the new object's ETag; undefined where a condition is not met. */
  async put(
    key: string,
    body: string | Uint8Array,
    { ifNone, ifMatch, ...told }: Put = {},
  ): Promise<string | undefined> {
    if (ifNone || ifMatch) await this.heedsConditions();
    for (;;) {
      try {
        return await this.ask(async ({ sdk, client }) => {
          const { ETag } = await client.send(
            new sdk.PutObjectCommand({
              Bucket: this.place.bucket,
              Key: key,
              Body: body,
              Metadata: metadataOf(told),
              ...(ifNone && { IfNoneMatch: '*' }),
              ...(ifMatch && { IfMatch: ifMatch }),
            }),
          );
          return ETag ?? '';
        });
      } catch (error) {
        // Others try at the same time: whoever is second then is told so.
        if (codeOf(error) !== 'ConditionalRequestConflict') return this.#unmet(error, key, told.by);
        await sleep(50 + Math.random() * 200);
      }
    }
  }

  /** Writes an object of any size, in parts where it has several. As `put`. */
  async upload(
    key: string,
    body: AsyncIterable<Uint8Array>,
    { ifMatch, ...told }: Put = {},
  ): Promise<string | undefined> {
    if (ifMatch) await this.heedsConditions();
    const { Upload } = await import('@aws-sdk/lib-storage');
    try {
      return await this.ask(async ({ client }) => {
        const { ETag } = await new Upload({
          client,
          partSize: PART_BYTES,
          params: {
            Bucket: this.place.bucket,
            Key: key,
            Body: Readable.from(body, { objectMode: false }),
            Metadata: metadataOf(told),
            ...(ifMatch && { IfMatch: ifMatch }),
          },
        }).done();
        return ETag ?? '';
      });
    } catch (error) {
      return this.#unmet(error, key, told.by);
    }
  }

  /** Gives an object of at most 5 GB other metadata, its bytes as they are. */
  async retell(key: string, { etag }: Head, told: Put): Promise<void> {
    const source = `${this.place.bucket}/${key}`.split('/').map(encodeURIComponent).join('/');
    await this.ask(({ sdk, client }) =>
      client.send(
        new sdk.CopyObjectCommand({
          Bucket: this.place.bucket,
          Key: key,
          CopySource: source,
          CopySourceIfMatch: etag,
          MetadataDirective: 'REPLACE',
          Metadata: metadataOf(told),
        }),
      ),
    );
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += 1000) {
      const Objects = keys.slice(from, from + 1000).map((Key) => ({ Key }));
      const { Errors = [] } = await this.ask(({ sdk, client }) =>
        client.send(new sdk.DeleteObjectsCommand({ Bucket: this.place.bucket, Delete: { Objects, Quiet: true } })),
      );
      const error = Errors.find(({ Code }) => !/^NoSuchKey$|^ObjectParentIsFile$/.test(Code ?? ''));
      if (error) throw this.explained({ ...error, name: error.Code, message: error.Message });
    }
  }

  /** Objects whose keys begin so, sorted. */
  async *list(prefix: string, atOnce = 1000): AsyncGenerator<{ readonly key: string; readonly bytes: number } & Dated> {
    for (let after: string | undefined; ;) {
      const { Contents = [], NextContinuationToken } = await this.ask(({ sdk, client }) =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: this.place.bucket,
            Prefix: prefix,
            MaxKeys: atOnce,
            ...(after && { ContinuationToken: after }),
          }),
        ),
      );
      for (const { Key: key = '', Size: bytes = 0, LastModified } of Contents)
        yield { key, bytes, changedAt: LastModified?.getTime() ?? 0 };
      if (NextContinuationToken === undefined) return;
      after = NextContinuationToken;
    }
  }

  /** The parts of an object. */
  async parts(key: string): Promise<(Part & Dated)[]> {
    const parts: (Part & Dated)[] = [];
    for await (const each of this.list(partsOf(key))) parts.push({ ...each, offset: offsetOf(each.key) });
    return parts;
  }

  /** Uploads in parts that nobody has finished, of keys that begin so. */
  async *uploads(prefix: string): AsyncGenerator<{ key: string; id: string; begunAt: number }> {
    for (let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {}; after;) {
      const { Uploads = [], ...page } = await this.ask(({ sdk, client }) =>
        client.send(new sdk.ListMultipartUploadsCommand({ Bucket: this.place.bucket, Prefix: prefix, ...after })),
      );
      for (const { Key: key = '', UploadId: id = '', Initiated } of Uploads)
        yield { key, id, begunAt: Initiated?.getTime() ?? 0 };
      after = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
    }
  }

  async abort(key: string, id: string): Promise<void> {
    await this.ask(({ sdk, client }) =>
      client.send(new sdk.AbortMultipartUploadCommand({ Bucket: this.place.bucket, Key: key, UploadId: id })),
    );
  }

  /** Where a condition was not met: undefined, unless it was an earlier try of the same write that met it. */
  async #unmet(error: unknown, key: string, by: string | undefined): Promise<string | undefined> {
    if (statusOf(error) !== 412 && !(statusOf(error) === 404 && codeOf(error) === 'NoSuchKey')) throw error;
    if (by === undefined || !wasRepeated(error)) return undefined;
    const there = await this.head(key);
    return there?.by === by ? there.etag : undefined;
  }
}

interface Dated {
  readonly changedAt: number;
}

function headOf(bytes = 0, changed?: Date, etag = '', metadata: Readonly<Record<string, string>> = {}): Head {
  const { [METADATA.grows]: grows, [METADATA.by]: by } = metadata;
  return { bytes, changedAt: changed?.getTime() ?? 0, etag, grows: grows !== undefined, by };
}

function metadataOf({ grows, by }: Put): Record<string, string> {
  return { ...(grows && { [METADATA.grows]: '1' }), ...(by && { [METADATA.by]: by }) };
}

/** versitygw says ObjectParentIsFile of a key below another. */
function unlessMissing(error: unknown): undefined {
  if (!/^(NoSuchKey|NotFound|ObjectParentIsFile)$/.test(codeOf(error))) throw error;
}
