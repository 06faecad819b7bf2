import { uri } from '../../shared/ids.ts';
import type { ModelRef } from '../../shared/records.ts';
import type { ArtifactStore } from '../store/types.ts';
import { digestsIn, isSameName } from './address.ts';
import { distanceOf, positionsIn, PROBE, TOLERANCE, TOLERANCE_BUNDLED, type Position } from './probe.ts';
import type { OnPart } from './http.ts';
import { readError, type Answer, type Failure, type Reply } from './reply.ts';
import { modelsIn } from './listing.ts';
import { limitOf, shortQuestion, type BodyOf, type Server } from './server.ts';

/** `probes/<digest>.json`: what a checkpoint made of the prompts when it was first served. */
interface StoredProbe {
  readonly probe: typeof PROBE;
  readonly answers: readonly (readonly Position[])[];
  readonly from: string;
  /** Whether the bundled server gave them. */
  readonly bundled: boolean;
  /** ISO 8601. */
  readonly at: string;
}

/** What a check came to: a failure, or whether there was anything to check but the name in the replies. */
type Checked = Failure | { readonly kind: 'known'; readonly by: 'probe' | 'listing' | 'name' };

const LISTING_MS = 30_000;

const wrongModel = (message: string): Failure => ({ kind: 'gone', cause: 'wrong model', message });

/** What an answer says against being of the model that was asked for, by the name in it. */
function otherModel({ endpoint }: Server, model: ModelRef, { model: said }: Answer): Failure | undefined {
  if (said === undefined) return undefined;
  const names = [endpoint.model, ...(endpoint.answersAs ?? [])];
  if (names.some((name) => isSameName(name, said, 'endpoint' in model))) return undefined;
  return wrongModel(
    `expected answers of ${JSON.stringify(endpoint.model)}, got one of ${JSON.stringify(said)}: another model is ` +
      'served there; if that is its name for this one, say so by "answersAs" of its endpoint',
  );
}

/**
 * Tells whether the checkpoint that a server runs is the one that it is asked for: by its list of models, and, where it
 * gives log-probabilities, by what it makes of fixed prompts. The first server of a checkpoint says what that is.
 */
export class Identity {
  readonly #store: ArtifactStore;

  constructor(store: ArtifactStore) {
    this.#store = store;
  }

  async check(server: Server, model: ModelRef): Promise<Checked> {
    // What others run answers to its name alone, and may change when they say so: its revision.
    if (!('checkpoint' in model)) return { kind: 'known', by: 'name' };
    const listing = await listed(server, model.checkpoint.sha256);
    if (listing !== undefined && 'cause' in listing) return listing;
    const replies = await Promise.all(
      PROBE.prompts.map((prompt) => server.ask(bodyOf(server, prompt), PROBE.tokens, undefined)),
    );
    const by = listing?.named === true ? 'listing' : 'name';
    const failure = replies.find(
      (reply) => reply.kind !== 'answer' && reply.kind !== 'refused' && reply.cause !== 'request',
    );
    // One that breaks only where log-probabilities are asked for gives none.
    if (failure?.kind === 'broken') {
      const { kind } = await server.ask(shortQuestion(server.endpoint.model), 1, undefined);
      if (kind === 'answer') return { kind: 'known', by };
    }
    if (failure !== undefined) return failure as Failure;
    const answers: Position[][] = [];
    for (const reply of replies) {
      const other = reply.kind === 'answer' ? otherModel(server, model, reply) : undefined;
      if (other !== undefined) return other;
      const positions = reply.kind === 'answer' ? positionsIn(reply.logprobs) : undefined;
      if (positions === undefined) return { kind: 'known', by };
      answers.push(positions);
    }
    const from = { from: server.endpoint.baseUrl, bundled: listing?.bundled === true, at: new Date().toISOString() };
    return this.#compare(model.checkpoint.sha256, { probe: PROBE, answers, ...from });
  }

  async #compare(digest: string, now: StoredProbe): Promise<Checked> {
    const place = uri.probe(digest);
    await this.#store.create(place, `${JSON.stringify(now)}\n`);
    const first = await this.#store.readJson<StoredProbe>(place);
    const apart = distanceOf(first.answers, now.answers);
    const allowed = first.bundled && now.bundled ? TOLERANCE_BUNDLED : TOLERANCE;
    if (apart === undefined || (apart.mean <= allowed.mean && apart.any <= allowed.any))
      return { kind: 'known', by: 'probe' };
    return wrongModel(
      `expected the log-probabilities of checkpoint ${digest} as when it was first served (by ${first.from}, ` +
        `${first.at}), got others, by ${apart.mean.toFixed(3)} on average and ${apart.any.toFixed(3)} at most ` +
        `(allowed: ${allowed.mean} and ${allowed.any}): another model is served there. If it is the same one, served ` +
        `in another way, delete ${place} from the store`,
    );
  }
}

interface Listing {
  /** Whether the model is in it, by its name or digest. */
  readonly named: boolean;
  readonly bundled: boolean;
}

/**
 * What a server's list of models says of the one that is asked for; undefined where there is no list. A server that
 * takes any name may list another for its one model: that is believed, and is to stay so.
 */
async function listed(server: Server, digest: string): Promise<Listing | Failure | undefined> {
  const { endpoint, address } = server;
  const reply = await server.read(address.models, { allMs: LISTING_MS }).catch((error: Error) => readError(error));
  if ('kind' in reply) return reply.kind === 'gone' ? reply : undefined;
  const models = reply.status === 200 ? modelsIn(reply.body) : [];
  if (models.length === 0) return undefined;
  const names = [endpoint.model, ...(endpoint.answersAs ?? [])];
  const ours = models.filter(
    (one) =>
      digestsIn(one.text).includes(digest) || one.names.some((name) => names.some((asked) => isSameName(asked, name))),
  );
  const all = (ours.length > 0 ? ours : models).flatMap((one) => one.names);
  const before = (server.listed ??= all);
  // The folder that it was loaded from may say a checkpoint's digest.
  const digests = (ours.length > 0 ? ours : models).flatMap(({ text }) => digestsIn(text));
  const isOther = digests.length > 0 && !digests.includes(digest);
  if (!isOther && all.some((name) => before.includes(name)))
    return { named: ours.length > 0, bundled: ours.length > 0 && ours.every(({ owner }) => owner === 'flywheel') };
  const [now, then] = [all, before].map((each) =>
    each
      .slice(0, 5)
      .map((name) => JSON.stringify(name))
      .join(', '),
  );
  return wrongModel(
    `expected ${JSON.stringify(endpoint.model)}, checkpoint ${digest}, among the models that it lists, got ${now}` +
      (now === then ? '' : `, and ${then} before`),
  );
}

function bodyOf({ endpoint }: Server, prompt: string): BodyOf {
  return (without) =>
    JSON.stringify({
      model: endpoint.model,
      messages: [{ role: 'user', content: prompt }],
      temperature: 0,
      ...limitOf(PROBE.tokens, without),
      ...(!without.has('seed') && { seed: 0 }),
      logprobs: true,
      top_logprobs: PROBE.top,
    });
}

/** How long what a server answers is believed before it is checked again. Ours: a check is three short questions. */
const CHECK_EVERY_MS = 600_000;

/** Asks a model's servers, and lets no answer pass that another model may have given. */
export class Trust {
  readonly #model: ModelRef;
  readonly #identity: Identity | undefined;
  readonly #learn: (server: Server, failure: Failure | undefined, askedAt: number) => void;

  /** @param learn is told what each check came to. */
  constructor(
    model: ModelRef,
    identity: Identity | undefined,
    learn: (server: Server, failure: Failure | undefined, askedAt: number) => void,
  ) {
    this.#model = model;
    this.#identity = identity;
    this.#learn = learn;
  }

  /** An answer counts when its server is known to serve the model, and by what it says of itself still does. */
  async ask(
    server: Server,
    bodyOf: BodyOf,
    limit: number,
    signal: AbortSignal | undefined,
    onPart?: OnPart,
  ): Promise<Reply> {
    const reply = await server.ask(bodyOf, limit, signal, onPart);
    if (reply.kind !== 'answer') return reply;
    const other = otherModel(server, this.#model, reply);
    if (other !== undefined) return other;
    const { fingerprint = '' } = reply;
    if (server.provable && !server.fingerprints.has(fingerprint)) server.trusted = false;
    const late = server.provable && Date.now() - server.checkedAt > CHECK_EVERY_MS;
    const failure = server.trusted && !late ? undefined : await this.check(server);
    if (failure !== undefined) return failure;
    server.fingerprints.add(fingerprint);
    return reply;
  }

  /**
   * Checks a server, once at a time. Of one that serves another model, what it answered since the last time is void.
   */
  check(server: Server): Promise<Failure | undefined> {
    server.checking ??= this.#check(server).finally(() => (server.checking = undefined));
    return server.checking;
  }

  async #check(server: Server): Promise<Failure | undefined> {
    const askedAt = Date.now();
    const found = await this.#identity?.check(server, this.#model);
    if (found === undefined || found.kind === 'known') {
      server.trusted = true;
      server.checkedAt = askedAt;
      server.provable = found?.by === 'probe' || server.listed !== undefined;
      server.unproven = [];
      server.isThere(Date.now());
      this.#learn(server, undefined, askedAt);
      return undefined;
    }
    if (found.cause === 'wrong model') await Promise.all(server.unproven.splice(0).map((takeBack) => takeBack()));
    this.#learn(server, found, askedAt);
    return found;
  }
}
