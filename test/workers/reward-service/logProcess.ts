/**
 * Fills a reward log with long records and reads some of them, opens it again and does the same, in the heap that node
 * was started with: `logProcess.ts STORE RECORDS CHARACTERS`; prints what the log counts.
 */
import { FileStore } from '../../../activities/store/files.ts';
import { RewardLog } from '../../../workers/reward-service/rewardLog.ts';

const [folder = '', records = '', characters = ''] = process.argv.slice(2);
const keys = Array.from({ length: Number(records) }, (_, number) => `key ${number}`);
const store = new FileStore(folder);
for (const part of [keys.slice(0, keys.length / 2), keys.slice(keys.length / 2), []]) {
  const log = await RewardLog.open(store, 'job/rewards.jsonl');
  for (const key of part) {
    await log.append({
      key,
      task: 'prove',
      responseSha256: 'r',
      response: key.repeat(Number(characters) / key.length),
      specSha256: 's',
      answer: { itemId: key, status: 'scored', reward: 1, components: { format: 1 }, imitatesVerdict: false },
      verdicts: {},
      judge: { calls: 0, promptTokens: 0, completionTokens: 0 },
    });
    if ((await log.get(key))?.response?.startsWith(key) !== true) throw new Error(`Expected ${key} to be kept`);
  }
  if (part.length === 0) process.stdout.write(JSON.stringify(log.counts));
  await log.close();
}
