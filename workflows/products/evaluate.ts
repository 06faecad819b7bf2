import { executeChild, workflowInfo } from '@temporalio/workflow';
import type {
  EvaluatedModel,
  EvaluateInput,
  EvaluateResult,
  OpenedEvaluation,
} from '../../shared/products/evaluationInput.ts';
import type { AskedModel } from '../../shared/products/models.ts';
import { setIdOf } from '../../shared/ids.ts';
import { loose } from '../../shared/inputRules.ts';
import { seedOf } from '../../shared/seeds.ts';
import { inItsWords, rootFailure } from '../failure.ts';
import { data } from '../proxies.ts';
import { labelSet } from '../sets/labelSet.ts';
import { sampler } from '../sets/sampler.ts';
import { askingOf } from './asking.ts';
import { trackEvaluation, type EvaluationTrack } from './evaluateProgress.ts';
import { toTheirEnds } from '../toTheirEnds.ts';
import { whileAsked } from './served.ts';

/**
 * Measures a verifier against people's grades, or what a generator's proofs are worth to a judge (paper 3.3.1); two
 * models side by side on the same rows under the same seeds. Whatever is killed, the same input again goes on where it
 * was.
 */
export async function evaluate(input: EvaluateInput): Promise<EvaluateResult> {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const owner = { workflowId, runId: firstExecutionRunId };
  const track = trackEvaluation(loose<EvaluateInput>(input) as Partial<EvaluateInput>);
  const opened = await inItsWords(data.openEvaluation(input, owner));
  track.opened(opened.name);
  const ask = opened.subject === 'verifier' ? verdictsOf : answersOf;
  const models = await whileAsked(opened, [...opened.models, ...opened.judges], () => {
    const underWay: Promise<EvaluatedModel>[] = [];
    return toTheirEnds(underWay, () => {
      underWay.push(...opened.models.map((model, index) => ask(opened, model, index, track)));
      return Promise.all(underWay);
    });
  });
  track.reports();
  return inItsWords(data.writeEvaluation({ opened, models }));
}

/** n analyses of each graded proof, and m meta-analyses of each analysis that reports an issue: all of them. */
async function verdictsOf(
  opened: OpenedEvaluation,
  verifier: AskedModel,
  index: number,
  track: EvaluationTrack,
): Promise<EvaluatedModel> {
  const { place, rows, models, judges, n, m, seed, attempts } = opened;
  const { prompts, sampling, engine, caps, priority } = askingOf(opened, place, [...models, ...judges]);
  const setId = setIdOf(place, `verdicts-${index}`);
  track.begins({ setId, what: `verdicts of ${verifier.name}`, rows: rows.rows, most: rows.rows * n * (1 + m) });
  const stopped = await stoppedBy(() =>
    executeChild(labelSet, {
      workflowId: setId,
      args: [
        {
          setId,
          proofs: rows,
          verifier: verifier.ref,
          metaVerifier: (judges[index] ?? verifier).ref,
          prompts,
          // Rule and k only decide labels, which are decided again by many of them: nothing is asked for by them.
          policy: { analysesPerProof: n, metaAnalysesPerAnalysis: m, minValidAnalyses: 1, confirmingMetaScore: 1 },
          waves: [n],
          earlyStop: false,
          verdictAttempts: attempts,
          sampling: { verify: sampling.verify, metaVerify: sampling.metaVerify },
          seed: seedOf(seed, 'verdicts'),
          engine,
          caps,
          tells: true,
        },
      ],
      staticSummary: `${rows.rows} proofs × ${n} analyses${m === 0 ? '' : ` × ${m} meta-analyses`}`,
      ...(priority && { priority }),
    }),
  );
  track.ends(setId, stopped);
  return { verdicts: setId, stopped };
}

/** One-shot: proofs of each problem, and n analyses of each by the judge. */
async function answersOf(
  opened: OpenedEvaluation,
  generator: AskedModel,
  index: number,
  track: EvaluationTrack,
): Promise<EvaluatedModel> {
  const { place, rows, models, judges, n, proofsPerProblem, seed, attempts } = opened;
  const asking = { ...askingOf(opened, place, [...models, ...judges]), tells: true };
  const [answers, verdicts] = [setIdOf(place, `answers-${index}`), setIdOf(place, `verdicts-${index}`)];
  const most = rows.rows * proofsPerProblem;
  track.begins({ setId: answers, what: `proofs of ${generator.name}`, rows: rows.rows, most });
  const unwritten = await stoppedBy(() =>
    sampler(asking, generator.ref).sample(`answers-${index}`, rows, {
      task: 'prove',
      perRow: proofsPerProblem,
      seed: seedOf(seed, 'answers'),
      attempts,
      mayFail: true,
    }),
  );
  track.ends(answers, unwritten);
  if (unwritten !== undefined) return { verdicts, answers: { setId: answers }, stopped: unwritten };

  const proofs = await data.collectAnswers({ place, model: index, setId: answers, rows });
  const judge = judges[0] ?? generator;
  const what = `verdicts of ${judge.name} on ${generator.name}`;
  track.begins({ setId: verdicts, what, rows: proofs.rows, most: proofs.rows * n });
  const stopped = await stoppedBy(() =>
    sampler(asking, judge.ref).sample(`verdicts-${index}`, proofs, {
      task: 'verify',
      perRow: n,
      seed: seedOf(seed, 'verdicts'),
      attempts,
      mayFail: true,
    }),
  );
  track.ends(verdicts, stopped);
  return { verdicts, answers: { setId: answers, proofs }, stopped };
}

/** Asks as far as the caps allow: what of them was reached, where that came before the end. */
async function stoppedBy(ask: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    const { type, message } = rootFailure(error);
    if (type !== 'CapReached') throw error;
    return message;
  }
}
