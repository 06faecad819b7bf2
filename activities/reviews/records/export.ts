import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DatasetRef } from '../../../shared/records.ts';
import { inOrder, questionRow, saidRows, type QuestionRow, type SaidRow } from '../../../shared/review/said.ts';
import { inBlocks } from '../../store/lines.ts';
import type { ArtifactStore } from '../../store/types.ts';
import { filledFirst, lineOf, type Column } from '../../tables/columns.ts';
import { parquetFile } from '../../tables/parquetFile.ts';
import { SubjectRows, type SubjectRow } from '../subjectRows.ts';
import { AskedSets } from './asked.ts';
import { questionColumns, SAID_COLUMNS, type ShownQuestion } from './columns.ts';
import { loggedQuestions } from './logs.ts';

interface ExportOptions {
  /** A set, or all sets below a path, such as a lap. @default all */
  readonly below?: string | undefined;
  /** What was said before this moment (ISO 8601) is left out, and questions of which nothing was said since. */
  readonly since?: string | undefined;
  /** With what each question is about. @default false */
  readonly withTexts?: boolean | undefined;
}

export interface ExportedVerdicts {
  readonly said: number;
  readonly questions: number;
  /** Of the questions, those whose texts could not be found. */
  readonly withoutTexts: number;
}

/**
 * Writes `verdicts` and `questions`, each as JSON lines and as Parquet. Rows of `verdicts` never change: what is taken
 * back has a row of its own that says so. Equal logs give equal bytes.
 */
export async function exportVerdicts(
  store: ArtifactStore,
  folder: string,
  { below, since = '', withTexts = false }: ExportOptions = {},
): Promise<ExportedVerdicts> {
  const sets = new AskedSets(store);
  const [said, questions]: [SaidRow[], QuestionRow[]] = [[], []];
  for await (const { setId, question: name, entries } of loggedQuestions(store, below)) {
    const { lap, kind } = await sets.of(setId);
    const named = { setId, name, lap, kind };
    const rows = saidRows(named, entries).filter(({ entry }) => entry.at >= since);
    if (rows.length === 0) continue;
    said.push(...rows);
    questions.push(questionRow(named, entries));
  }
  questions.sort((a, b) => (a.id < b.id ? -1 : 1));
  const ordered = inOrder(said);
  let withoutTexts = 0;
  const texts = new Texts(store, sets);
  async function* shown(): AsyncGenerator<ShownQuestion> {
    withoutTexts = 0;
    for (const row of questions) {
      const about = withTexts ? await texts.of(row) : undefined;
      if (withTexts && about === undefined) withoutTexts += 1;
      yield { ...row, about };
    }
  }
  await mkdir(folder, { recursive: true });
  await writeBoth(path.join(folder, 'verdicts'), SAID_COLUMNS, () => each(ordered));
  await writeBoth(path.join(folder, 'questions'), questionColumns(withTexts), shown);
  return { said: said.length, questions: questions.length, withoutTexts };
}

async function* each<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}

/** Each file is whole, or what it was before. */
async function writeBoth<Row>(
  file: string,
  columns: readonly Column<Row>[],
  all: () => AsyncIterable<Row>,
): Promise<void> {
  const rows = () => filledFirst(columns, all);
  async function* lines(): AsyncGenerator<string> {
    for await (const row of rows()) yield lineOf(columns, row);
  }
  for (const [ending, body] of [
    ['jsonl', inBlocks(lines())],
    ['parquet', parquetFile(columns, rows())],
  ] as const) {
    const part = `${file}.${ending}.part`;
    try {
      await pipeline(body, createWriteStream(part));
      await rename(part, `${file}.${ending}`);
    } finally {
      await rm(part, { force: true });
    }
  }
}

/** What questions are about, found by their rows' ids. */
class Texts {
  readonly #store: ArtifactStore;
  readonly #rows: SubjectRows;
  readonly #sets: AskedSets;
  readonly #places = new Map<string, Promise<ReadonlyMap<string, number>>>();

  constructor(store: ArtifactStore, sets: AskedSets) {
    this.#store = store;
    this.#rows = new SubjectRows(store);
    this.#sets = sets;
  }

  async of({ setId, question }: QuestionRow): Promise<SubjectRow | undefined> {
    const { subject } = await this.#sets.of(setId);
    if (subject === undefined) return undefined;
    const places = this.#places.get(setId) ?? this.#placesIn(subject);
    this.#places.set(setId, places);
    const place = (await places).get(question);
    return place === undefined ? undefined : this.#rows.row(subject, place);
  }

  async #placesIn(subject: DatasetRef): Promise<ReadonlyMap<string, number>> {
    if ((await this.#store.stat(subject.uri)) === undefined) return new Map();
    return new Map((await this.#rows.ids(subject)).map((id, place) => [id, place]));
  }
}
