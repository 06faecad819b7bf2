import type { TrainingName } from './stages.ts';

/**
 * What laps, sets, reviews and jobs are called, and where they lie in the store, is put together and read here alone. A
 * lap is `<run>/lap-NNNN`; what a part of it leaves behind has a place, `<lap>/<part>`; sets, datasets and reviews are
 * named within their place, and an id is also the workflow's that makes the thing.
 */

// ---- Laps

/** The run of laps of which nobody says another. */
export const MAIN = 'main';
export const RUN_NAME = /^[a-z0-9][a-z0-9-]{0,40}$/;
/** `main/lap-0003`, or `lap-0003` for the run main. */
const LAP = /^(?:([a-z0-9][a-z0-9-]{0,40})\/)?(lap-\d{4,})$/;

/** A lap's full name, `<run>/lap-NNNN`; undefined when the text is no name of a lap. */
export function fullLapName(name: string): string | undefined {
  const [, run = MAIN, lap] = LAP.exec(name) ?? [];
  return lap === undefined ? undefined : `${run}/${lap}`;
}

/** The lap that a folder of a run is, if it is one. */
export const lapIn = (run: string, folder: string) =>
  folder.startsWith('lap-') ? fullLapName(`${run}/${folder}`) : undefined;

export const lapName = (run: string, number: number) => `${run}/lap-${String(number).padStart(4, '0')}`;

/** @param lap a full name. */
export const runOf = (lap: string = inMain('')) => lap.slice(0, lap.indexOf('/'));

/** A name that leaves out the run: `main/lap-0001/verifier-v1` of `lap-0001/verifier-v1`. */
export const inMain = (id: string) => `${MAIN}/${id}`;

/** @param lap a full name. */
export const lapNumber = (lap: string) => Number(lap.slice(lap.lastIndexOf('-') + 1));

/**
 * What a person calls the lap under way of a run: one at a time. The lap's own name, `<run>/lap-NNNN`, is given by the
 * workflow.
 */
export const lapWorkflowId = (run: string) => `lap-${run}`;

/** A run's flywheel; its laps run under `lapWorkflowId`. */
export const flywheelWorkflowId = (run: string) => `flywheel-${run}`;

// ---- Places, and what is in them

declare const place: unique symbol;
/** Where a part of a lap keeps what it makes. A training's is its job key, the training's identity. */
export type Place = string & { readonly [place]: true };

const PLACES = {
  open: 'problems',
  formatCheck: 'format-check',
  late: 'late',
  faulty: 'faulty',
  coldStart: 'cold-start',
  proofScores: 'proof-scores',
  metaData: 'meta-data',
  analysisScores: 'analysis-scores',
  consolidation: 'consolidation',
  verifierV1: 'verifier-v1',
  metaVerifier: 'meta-verifier',
  verifierV2: 'verifier-v2',
  generator: 'generator',
  selfVerification: 'self-verification',
  scaleVerification: 'label',
  evaluation: 'evaluation',
} as const satisfies Record<TrainingName, string> & Record<string, string>;

type LapPart = keyof typeof PLACES;

/** @param lap a full name. */
export const placeOf = (lap: string, part: LapPart) => placeIn(lap, PLACES[part]);

/** What runs without a lap, and the folder of each. */
export const PRODUCTS = ['solve', 'label', 'evaluate'] as const;
export type ProductKind = (typeof PRODUCTS)[number];

/** A product's name: what a lap is called is none. */
export const PRODUCT_NAME = /^(?!lap-\d{4,}$)[a-z0-9][a-z0-9._-]{0,60}$/;

/** Where a product keeps what it makes; also its workflow's id. A part's is below it. */
export const productPlace = (kind: ProductKind, name: string, part?: string) =>
  `${kind}/${name}${part === undefined ? '' : `/${part}`}` as Place;

/** A place by the folder that stands for it. */
export const placeIn = (lap: string, folder: string) => `${lap}/${folder}` as Place;

/** The part of its lap that a set belongs to. */
export function partOf(setId: string): string | undefined {
  const [, name] = withinLap(setId).split('/');
  return Object.entries(PLACES).find(([, place]) => place === name)?.[0];
}

/** `/cold-start/draft` of `main/lap-0001/cold-start/draft`: laps with one seed sample alike, whatever their names. */
export const withinLap = (id: string) => id.replace(/^[^/]+\/[^/]+/, '');

/** All ids below this one begin so. */
export const prefixOf = (id: string) => `${id}/`;

/** The lap that an id, or a path of the store, belongs to. */
export const lapOf = (id: string) => /(?:^|\/)([a-z0-9][a-z0-9-]*\/lap-\d{4,})(?:\/|$)/.exec(id)?.[1];

/** Whose work an id is part of: a lap's run, or a product. */
export const ownerOf = (id: string) => {
  const lap = lapOf(id);
  return lap === undefined ? id.split('/').slice(0, 2).join('/') : runOf(lap);
};

/** The same part of another lap: an id, or a path of the store, with that lap in place of its own. */
export const inLap = (lap: string, id: string) => id.replace(lapOf(id) ?? lap, lap);

/** A set of answers, or a review set. */
export const setIdOf = (at: Place, name: string) => `${at}/${name}`;

/** The review set in which experts audit a lap's automatic labels. */
export const auditSetOf = (lap: string) => setIdOf(placeOf(lap, 'scaleVerification'), 'audit');

/** The review set in which people score what a training rewarded. */
export const rewardAuditOf = (jobKey: string) => setIdOf(jobKey as Place, 'audit');

/** The review set in which people score a blind sample of a lap's held-out proofs. */
export const peopleSetOf = (lap: string) => setIdOf(placeOf(lap, 'evaluation'), 'people');

/** One question of a review set. */
export const reviewIdOf = (setId: string, question: string) => `${setId}/${question}`;

/** Set and question of a review; undefined where the id names none. */
export function questionOf(reviewId: string): { readonly setId: string; readonly question: string } | undefined {
  const at = reviewId.lastIndexOf('/');
  return at < 1 ? undefined : { setId: reviewId.slice(0, at), question: reviewId.slice(at + 1) };
}

/** Set and question of a log, by where it lies; undefined where it lies nowhere that a log does. */
export function loggedQuestion(uriOfLog: string): ReturnType<typeof questionOf> {
  const [, path] = /^reviews\/(.+)\.jsonl$/.exec(uriOfLog) ?? [];
  return path === undefined ? undefined : questionOf(path.split('/').map(decodeURIComponent).join('/'));
}

/** One message to people outside. @param about a set, a lap, a run or a workflow. */
export const noticeIdOf = (about: string, event: string) => `notice/${about}/${event}`;

/** A range of a set's rows, `to` excluded. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Name of a part of a review set: `rows-250-499`. */
export const rangeName = ({ from, to }: RowRange) => `rows-${from}-${to - 1}`;

/** Part of the ids of the proofs that phase 4 of a lap writes: no two laps give a proof the same id. */
export const seriesOfLap = (turn: number) => `lap${turn}`;

// ---- The store

/** Whether an id can be a path: no segment is empty, `.` or `..`. */
export const isPath = (id: string) => id.split('/').every((segment) => !['', '.', '..'].includes(segment));

/** Whether a text can be a job's key, a path of plain names. */
export const isJobKey = (text: string) => /^\w[\w.-]*(\/\w[\w.-]*)*$/.test(text);

const shard = (setId: string, number: number) => `${setId}/shard-${String(number).padStart(4, '0')}`;
/** One file of each thing of a kind. */
const file = (kind: string, name: string) => (id: string) => `${kind}/${id}/${name}`;
/** The folder of each thing of a kind, or a file in it. */
const folder = (kind: string) => (id: string, name?: string) => `${kind}/${id}${name === undefined ? '' : `/${name}`}`;

const side = ([first = '', ...more]: readonly string[]) =>
  first.replaceAll('/', '-') + (more.length > 0 ? `-and-${more.length}-more` : '');

/** Paths inside the artifact store. */
export const uri = {
  /** What form the others have. */
  format: 'format.json',
  /** Bundled workflow code, or the folder of what an SDK of this version has bundled. */
  build: (sdk: string, buildId = '') => `builds/${sdk}/${buildId && `${buildId}.js`}`,

  /** Of a run, or of one lap. */
  laps: folder('laps'),
  /** Who allocated a lap. */
  owner: file('laps', 'owner'),
  manifest: file('laps', 'manifest.json'),
  recipe: file('laps', 'recipe.json'),
  plan: file('laps', 'plan.json'),
  /** Of a lap that mends another: which, and what it set out to take over. */
  mend: file('laps', 'mend.json'),
  /** What leads said of a lap where audits spoke against something: a file each, never changed. */
  words: (lap: string, name = '') => `laps/${lap}/words/${name}`,
  report: file('laps', 'report.json'),
  reportPage: file('laps', 'report.html'),
  /** Of one run, or of several. */
  curves: (runs: readonly string[]) => `laps/${runs.length === 1 ? `${runs[0]}/` : ''}curves.html`,
  comparison: (a: readonly string[], b: readonly string[]) => `comparisons/${side(b)}-against-${side(a)}.html`,

  /** Of a product, or of a part of it. */
  products: folder('products'),

  dataset: (at: Place, name: string) => `datasets/${at}/${name}.jsonl`,
  /** Which questions about a dataset have answers that are known. */
  gold: (subject: string) => subject.replace(/(\.jsonl)?$/, '-gold.jsonl'),
  /** What a base is taught. */
  teaching: file('datasets', 'teaching.json'),
  /** What was collected from one set, under the set's name. */
  collected: (setId: string) => `datasets/${setId}.jsonl`,

  /** Of a set, or of a place. */
  ledger: folder('ledger'),
  shardPlan: file('ledger', 'plan.json'),
  /** Shards count from 0, as everywhere. */
  shard: (setId: string, number: number) => `ledger/${shard(setId, number)}.jsonl`,
  shardResult: (setId: string, number: number) => `ledger/${shard(setId, number)}.result.json`,
  /** What earlier laps paid for a shard's rows, while it takes it over. */
  earlierCalls: (setId: string, number: number) => `ledger/${shard(setId, number)}.earlier.jsonl`,
  stop: (setId: string, token: string) => `ledger/${setId}/stop-${token}`,
  labels: file('labels', 'labels.jsonl'),
  shardLabels: (setId: string, number: number) => `labels/${shard(setId, number)}.jsonl`,

  reviews: folder('reviews'),
  /** What a review set asks. */
  asked: file('reviews', 'asked.json'),
  /** Results of a review set, or of a part of it. */
  reviewResults: (setId: string, range?: RowRange) =>
    `reviews/${range ? reviewIdOf(setId, rangeName(range)) : setId}.jsonl`,
  /** @throws when an id has an empty segment, `.` or `..`: it could not be a path. */
  reviewLog(setId: string, question: string) {
    const id = reviewIdOf(setId, question);
    if (!isPath(id))
      throw new Error(
        `Expected the id of a question to be a path without empty or dotted segments, got ${JSON.stringify(id)}`,
      );
    return `reviews/${id.split('/').map(encodeURIComponent).join('/')}.jsonl`;
  },

  /** What happened to an annotator: a file each time, counted from 1, never changed. */
  annotators: (id?: string, number?: number) =>
    `annotators/${id === undefined ? '' : `${encodeURIComponent(id)}/`}` +
    (number === undefined ? '' : `${String(number).padStart(6, '0')}.json`),

  /** Of one training, or of a lap's. */
  jobs: folder('jobs'),
  rewards: file('rewards', 'rewards.jsonl'),
  rewardSpec: file('rewards', 'spec.json'),
  judgeLedger: file('ledger', 'judge.jsonl'),

  /** What `flywheel import problems` takes in. */
  problems: (sha256: string) => `imports/problems/${sha256.slice(0, 12)}.jsonl`,
  /** What `flywheel import proofs|analyses` takes in. */
  graded: (kind: 'proofs' | 'analyses') => (sha256: string) => `imports/${kind}/${sha256.slice(0, 12)}.jsonl`,
  /** What `flywheel import candidates` takes in: proofs that nobody has graded. */
  candidates: (sha256: string) => `imports/candidates/${sha256.slice(0, 12)}.jsonl`,
  imported: 'imports/',

  /** Which checkpoint a folder of this machine became: by the names, sizes and times of its files. */
  seenModel: (stamp: string) => `imports/models/${stamp.slice(0, 16)}.json`,

  checkpoint: folder('checkpoints'),
  /** Card and terms of a model that was exported from elsewhere: by digest. */
  modelCard: folder('imports/cards'),
  /** What a checkpoint made of fixed prompts when it was first served: by digest. */
  probe: (digest: string) => `probes/${digest}.json`,
  /** What is known of a served model's replicas: `<pool>/<digest>`. */
  serving: folder('serving/pools'),
  servingPools: 'serving/pools',
  /** Who holds models of which engine, where processes of several machines have to know. */
  holds: 'serving/holds/',
  /** How fast an engine answered its first questions to a base, and at what length. */
  rates: (digest: string, engine: string) => `probes/rates-${digest}-${engine}.json`,

  /** By digest. */
  promptSet: folder('prompts'),
  /** Which digest a team's name stands for. */
  promptName: (name: string) => `prompts/names/${name}.json`,
  promptNames: 'prompts/names/',
};
