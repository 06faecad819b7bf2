import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { shown } from '../../shared/inputRules.ts';
import { isPath, uri } from '../../shared/ids.ts';
import type { ArtifactStore } from '../store/types.ts';
import {
  admitted,
  after,
  isMeant,
  unmade,
  type Annotator,
  type AnnotatorEvent,
  type Happened,
  type LoginNames,
} from './annotatorEvents.ts';
import type { Admitted, KnownPerson, Login, People } from './people.ts';

/** What an annotator is known by, for `flywheel annotators list`. */
export interface ListedAnnotator extends KnownPerson {
  /** Tokens that open the desk. */
  readonly tokens: number;
  readonly email?: string | undefined;
  readonly subject?: string | undefined;
}

/** The message says what was expected of whoever asked, and what came. */
export class AnnotatorRefused extends Error {
  override readonly name = 'AnnotatorRefused';
}

/** Ours: soon enough for somebody who revokes a token, and no reading for each request. */
const AGE_MS = 2_000;
/** Ours: a folder's name has 255 bytes. */
const MAX_NAME = 200;

interface Read {
  readonly readAt: number;
  readonly annotators: Promise<ReadonlyMap<string, Annotator>>;
}

/**
 * Those who may score, as events in the store. Each event is created under the next number of its annotator, so that of
 * two processes that write at once one comes first, and the other looks again.
 */
export class Annotators implements People {
  readonly #store: ArtifactStore;
  readonly #ageMs: number;
  /** Events by URI: they never change. */
  readonly #events = new Map<string, AnnotatorEvent>();
  #read: Read | undefined;

  /** @param ageMs how old what is read may be. */
  constructor(store: ArtifactStore, ageMs = AGE_MS) {
    this.#store = store;
    this.#ageMs = ageMs;
  }

  async list(): Promise<ListedAnnotator[]> {
    return [...(await this.#annotators()).values()].map(
      ({ id, isLead, isPaused, since, isRevoked, hashes, email, subject }) => ({
        id,
        isLead,
        isPaused,
        since,
        isRevoked,
        tokens: hashes.length,
        ...(email !== undefined && { email }),
        ...(subject !== undefined && { subject }),
      }),
    );
  }

  async find(id: string): Promise<Admitted | undefined> {
    return admitted((await this.#annotators()).get(id));
  }

  /** Reads afresh: a token works as soon as it is made. All hashes are compared, each in constant time. */
  async withToken(token: string): Promise<Admitted | undefined> {
    const hash = hashOf(token);
    let found: Annotator | undefined;
    for (const annotator of (await this.#annotators(0)).values())
      for (const known of annotator.hashes) if (timingSafeEqual(known, hash)) found = annotator;
    return admitted(found);
  }

  async withLogin(login: Login): Promise<Admitted | undefined> {
    const known = [...(await this.#annotators(0)).values()].filter((annotator) => isMeant(annotator, login));
    return known.length === 1 ? admitted(known[0]) : undefined;
  }

  /**
   * Makes an annotator.
   * @returns a token, which is shown this once.
   * @throws AnnotatorRefused where the id cannot be one, or is taken, or another has the same login.
   */
  async add(
    id: string,
    by: string,
    { isLead = false, ...login }: { readonly isLead?: boolean } & LoginNames = {},
  ): Promise<string> {
    const refusal = idRefusal(id);
    if (refusal !== undefined) throw new AnnotatorRefused(refusal);
    await this.#checkLogin(id, login);
    const isTaken = (): AnnotatorRefused => new AnnotatorRefused(`Expected an id that nobody has, got ${shown(id)}`);
    if ((await this.#annotators(0)).has(id)) throw isTaken();
    if (!(await this.#create(id, 1, by, { kind: 'made', isLead }))) throw isTaken();
    if (login.email !== undefined || login.subject !== undefined) await this.setLogin(id, by, login);
    return this.makeToken(id, by);
  }

  /**
   * Another token; who was revoked may sign in again.
   * @returns the token, which is shown this once.
   */
  async makeToken(id: string, by: string): Promise<string> {
    // 256 random bits: nobody finds them by trying, so that a fast hash without salt keeps them as well as a slow one.
    const token = `desk_${randomBytes(32).toString('base64url')}`;
    await this.#happen(id, by, () => ({ kind: 'tokenMade', hash: hashOf(token).toString('hex') }));
    return token;
  }

  /** Ends all tokens of an annotator, and what they signed in. */
  revoke(id: string, by: string): Promise<void> {
    return this.#happen(id, by, ({ isRevoked }) => (isRevoked ? undefined : { kind: 'revoked' }));
  }

  pause(id: string, by: string, isPaused: boolean): Promise<void> {
    return this.#happen(id, by, (annotator) =>
      annotator.isPaused === isPaused ? undefined : { kind: 'paused', isPaused },
    );
  }

  setLead(id: string, by: string, isLead: boolean): Promise<void> {
    return this.#happen(id, by, (annotator) => (annotator.isLead === isLead ? undefined : { kind: 'lead', isLead }));
  }

  /** By what a login service knows the annotator, in place of what was said before. */
  async setLogin(id: string, by: string, { email, subject }: LoginNames): Promise<void> {
    await this.#checkLogin(id, { email, subject });
    await this.#happen(id, by, (annotator) =>
      annotator.email === email && annotator.subject === subject ? undefined : { kind: 'login', email, subject },
    );
  }

  async #checkLogin(id: string, { email, subject }: LoginNames): Promise<void> {
    if (email !== undefined && !/^[^\s@]+@[^\s@]+$/.test(email))
      throw new AnnotatorRefused(`Expected the address to be one like ada@example.org, got ${shown(email)}`);
    for (const other of (await this.#annotators(0)).values()) {
      if (other.id === id) continue;
      const isTaken =
        (email !== undefined && isMeant(other, { email })) || (subject !== undefined && isMeant(other, { subject }));
      if (isTaken)
        throw new AnnotatorRefused(
          `Expected a login that nobody else has, got that of ${shown(other.id)}: ${email ?? subject}`,
        );
    }
  }

  /** @throws AnnotatorRefused where there is no such annotator. */
  async #happen(id: string, by: string, what: (annotator: Annotator) => Happened | undefined): Promise<void> {
    for (;;) {
      const known = await this.#annotators(0);
      const annotator = known.get(id);
      if (annotator === undefined)
        throw new AnnotatorRefused(
          `Expected an annotator, got ${shown(id)}: ${known.size === 0 ? 'there is none' : [...known.keys()].join(', ')}`,
        );
      const happened = what(annotator);
      if (happened === undefined || (await this.#create(id, annotator.events + 1, by, happened))) return;
    }
  }

  /** False where another came first. */
  async #create(id: string, number: number, by: string, happened: Happened): Promise<boolean> {
    const event: AnnotatorEvent = { ...happened, by, at: new Date().toISOString() };
    const done = await this.#store.create(uri.annotators(id, number), `${JSON.stringify(event, null, 2)}\n`);
    this.#read = undefined;
    return done === 'created';
  }

  /** Requests that come together are answered by one reading. */
  #annotators(ageMs = this.#ageMs): Read['annotators'] {
    if (this.#read === undefined || Date.now() - this.#read.readAt > ageMs || ageMs === 0) {
      const annotators = this.#readAll();
      const read: Read = { readAt: Date.now(), annotators };
      this.#read = read;
      annotators.catch(() => {
        if (this.#read === read) this.#read = undefined; // the next request tries again
      });
    }
    return this.#read.annotators;
  }

  async #readAll(): Promise<ReadonlyMap<string, Annotator>> {
    const found = new Map<string, Annotator>();
    // In the order of their numbers.
    for await (const place of this.#store.list(uri.annotators())) {
      const [, folder = ''] = place.split('/');
      const event = this.#events.get(place) ?? (await this.#store.readJson<AnnotatorEvent>(place));
      this.#events.set(place, event);
      const id = decodeURIComponent(folder);
      found.set(id, after(found.get(id) ?? unmade(id, event.at), event));
    }
    return new Map([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token.trim()).digest();
}

/** Why an id cannot be an annotator's. `/` separates: `ada/assisted` is the second verdict of `ada`. */
function idRefusal(id: string): string | undefined {
  const isOne = id !== '' && id.trim() === id && !/[/\p{Cc}]/u.test(id) && isPath(id) && encodedLength(id) <= MAX_NAME;
  return isOne
    ? undefined
    : `Expected an annotator's id of 1 to ${MAX_NAME} characters (letters beyond a to z count more), without / in it ` +
        `or spaces around it, got ${shown(id)}`;
}

function encodedLength(id: string): number {
  try {
    return encodeURIComponent(id).length;
  } catch {
    return Infinity; // half of a pair of characters is no text
  }
}
