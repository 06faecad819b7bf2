// A fake trainer: keeps the job contract and trains nothing. What each attempt does is FAKE_PLAN's comma-separated word
// for it: `succeed`, `die` (kill -9 of itself after the first step), `hang` (until it is asked to end), `deaf` (hangs,
// ignores SIGTERM), or the class of a failure. Its last word repeats.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const output = fileURLToPath(job.output.uri);
const plan = process.env.FAKE_PLAN.split(',');
const word = plan[Math.min(job.attempt, plan.length) - 1];
const stateFile = path.join(output, 'state', 'step');
let step = existsSync(stateFile) ? Number(readFileSync(stateFile, 'utf8')) : 0;
mkdirSync(path.dirname(stateFile), { recursive: true });

process.on('SIGTERM', () => {
  if (word === 'deaf') return;
  finish({ status: 'preempted', step });
});

appendFileSync(path.join(output, 'starts.log'), `${job.attempt} ${process.pid} from ${step}\n`);

for (; step < job.hyper.maxSteps;) {
  await sleep(Number(process.env.FAKE_STEP_MS ?? 30));
  step += 1;
  writeFileSync(stateFile, String(step));
  appendFileSync(
    path.join(output, 'metrics.jsonl'),
    `${JSON.stringify({
      step,
      reward: 0.5,
      rewardStd: 0.1,
      flatGroupShare: 0,
      unscorable: 0,
      components: {},
      completionTokens: 1,
      truncatedShare: 0,
      loss: 0,
      learningRate: 1e-4,
      sampleSeconds: 0,
      rewardSeconds: 0,
      stepSeconds: 0.03,
    })}\n`,
  );
  if (word === 'die') process.kill(process.pid, 'SIGKILL');
  if (word === 'garbage') {
    writeFileSync(path.join(output, 'result.json'), '{"status":"succeeded"}');
    process.exit(0);
  }
  if (['infra', 'capacity', 'app', 'data', 'reward'].includes(word))
    finish({ status: 'failed', class: word, message: `a fake ${word} failure: raise hyper.maxPromptTokens` }, 1);
  if (word === 'hang' || word === 'deaf') await sleep(600_000);
}
const text = `model of ${job.jobKey}`;
const sha = (value) => createHash('sha256').update(value).digest('hex');
const digest = sha(`${sha(text)}  config.json\n`);
const checkpoint = path.join(fileURLToPath(job.output.checkpoints), digest);
mkdirSync(checkpoint, { recursive: true });
writeFileSync(path.join(checkpoint, 'config.json'), text);
finish({
  status: 'succeeded',
  checkpoint: { uri: checkpoint, sha256: digest },
  steps: step,
  ...(process.env.FAKE_WATCHED
    ? { stopReason: 'watch', watched: JSON.parse(process.env.FAKE_WATCHED) }
    : { stopReason: 'maxSteps' }),
  reward: { first: 0.5, last: 0.5 },
  tokens: step,
  seconds: 1,
  longRows: process.env.FAKE_LONG && JSON.parse(process.env.FAKE_LONG),
});

function finish(result, code = 0) {
  const file = path.join(output, 'result.json');
  writeFileSync(`${file}.tmp`, JSON.stringify({ ...result, jobKey: job.jobKey, attempt: job.attempt }));
  renameSync(`${file}.tmp`, file);
  process.exit(code);
}
