import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { journalContract } from './journalContract.ts';
import { MemoryStore } from './memoryStore.ts';

const inFolder = async () => new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-journal-')));

describe('a journal in a folder', () => journalContract(inFolder));
describe('a journal in memory', () => journalContract(async () => new MemoryStore()));
