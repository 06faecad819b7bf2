import type { S3Client } from '@aws-sdk/client-s3';
import { StoreRefused } from '../refusals.ts';
import { keyOf, PROBE, type S3Place } from './place.ts';
import { explained, explainedAtOpening, statusOf } from './refusals.ts';

/** The client, and the module that it came from: loaded with the first request. */
export interface Opened {
  readonly sdk: typeof import('@aws-sdk/client-s3');
  readonly client: S3Client;
}

/** Ours: a server that is restarted is back within the half minute that these tries take. */
const TRIES = 10;
const FIRST_TRIES = 4;
/** It warns of each empty object. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A bucket that is there, asked by AWS's own client, and what its errors mean. */
export class Connection {
  readonly place: S3Place;
  #open: Promise<Opened> | undefined;
  #conditional: Promise<void> | undefined;
  #hasWorked = false;

  constructor(place: S3Place) {
    this.place = place;
  }

  /**
   * Whether the server heeds `If-None-Match`, without which there is no lock: asked once, by a write that must fail.
   * @throws StoreRefused where it does not.
   */
  protected async heedsConditions(): Promise<void> {
    this.#conditional ??= (async () => {
      const key = keyOf(this.place, PROBE);
      const made = () =>
        this.ask(({ sdk, client }) =>
          client.send(new sdk.PutObjectCommand({ Bucket: this.place.bucket, Key: key, Body: '', IfNoneMatch: '*' })),
        ).then(
          () => true,
          (error: unknown) => {
            if ([409, 412].includes(statusOf(error) ?? 0)) return false;
            throw error;
          },
        );
      if ((await made()) && (await made()))
        throw new StoreRefused(
          `Expected ${this.place.endpoint ?? 'the server'} to heed conditions (If-None-Match: *), but it wrote an ` +
            'object twice: two laps would take the same name. Use a server that does, such as AWS, MinIO or versitygw',
        );
    })();
    await this.#conditional.catch((error: unknown) => {
      this.#conditional = undefined;
      throw error;
    });
  }

  /** Looks whether the bucket is there and whether conditions are heeded. @throws StoreRefused, StoreUnreachable */
  async check(): Promise<void> {
    await this.#opened();
    await this.heedsConditions();
  }

  /** An error that came within an answer. */
  explained(error: unknown): unknown {
    return explained(error, this.place, this.#hasWorked);
  }

  protected async ask<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    const opened = await this.#opened();
    try {
      return await work(opened);
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** Loads the client, and sees that the bucket is there: of a bucket that is not, nothing else would tell. */
  #opened(): Promise<Opened> {
    this.#open ??= (async () => {
      const sdk = await import('@aws-sdk/client-s3');
      const { endpoint } = this.place;
      const made = (maxAttempts: number, region?: string) =>
        new sdk.S3Client({
          maxAttempts,
          logger: SILENT,
          requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000, httpAgent: { maxSockets: 64 } },
          ...(endpoint && { endpoint, forcePathStyle: true }),
          ...(region && { region }),
        });
      // Servers of one's own have no regions, but each request names one.
      const told = await made(1)
        .config.region()
        .catch(() => undefined);
      const region = told ?? (endpoint && 'us-east-1');
      // Whoever begins hears soon that there is nobody.
      const first = made(FIRST_TRIES, region);
      const look = new sdk.ListObjectsV2Command({ Bucket: this.place.bucket, MaxKeys: 1 });
      await first.send(look).catch((error: unknown) => {
        throw explainedAtOpening(error, this.place, this.#hasWorked);
      });
      this.#hasWorked = true;
      return { sdk, client: made(TRIES, region) };
    })().catch((error: unknown) => {
      this.#open = undefined;
      throw error;
    });
    return this.#open;
  }
}
