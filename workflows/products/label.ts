import { executeChild, workflowInfo } from '@temporalio/workflow';
import { policyOf } from '../../shared/label/policies.ts';
import { verdictsOf, type LabelInput, type LabelResult, type OpenedLabel } from '../../shared/products/labels.ts';
import type { LabelSetResult } from '../../shared/sampling/sets.ts';
import { seedOf } from '../../shared/seeds.ts';
import { inItsWords, rootFailure } from '../failure.ts';
import { data } from '../proxies.ts';
import { labelSet } from '../sets/labelSet.ts';
import { answersOfPeople } from './answersOfPeople.ts';
import { askingOf } from './asking.ts';
import { trackLabel } from './labelProgress.ts';
import { whileAsked } from './served.ts';

/**
 * Labels a file of proofs: automatically where the verifier's evidence is clear, by people where it is contested (paper
 * 2.3). Whatever is killed, the same input again goes on where it was.
 */
export async function label(input: LabelInput): Promise<LabelResult> {
  const progress = trackLabel();
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const opened = await inItsWords(data.openLabel(input, { workflowId, runId: firstExecutionRunId }));
  const { place, proofs, labelling } = opened;
  progress.labels(opened);

  // n independent analyses of each proof, m meta-analyses of each that reports an issue, and the rule; no more calls
  // than decide the label. Where the caps end that, a proof has a label if nothing it lacks could change it.
  const set = await whileAsked(opened, [opened.verifier, opened.metaVerifier], () => verdictsOn(opened));
  const waves = { place, policy: policyOf(labelling), waves: labelling.waves };
  const decisions = set.kind === 'whole' ? set.result.decisions : await data.labelsSoFar(waves);
  const decided = await data.decideLabels({ opened, decisions });
  const warnings = set.kind === 'whole' ? [set.result.warning ?? []].flat() : [set.said];
  const write = () => data.writeLabels({ opened, decided, warnings });
  // Contested proofs are left to experts, where somebody wants to ask them; what is automatic is there meanwhile.
  const asked = opened.ask ? await data.askPeople({ place, proofs, decisions }) : [];
  const open = asked.filter((questions) => questions.open > 0);
  let written = await write();
  progress.hasDecided(written.decisions);
  if (opened.ask && open.length > 0) {
    progress.waits(open);
    await answersOfPeople(opened, opened.ask, open);
    progress.writes();
    written = await write();
  }
  const page = await data.writeLabelPage({ place, proofs: decided.proofs });
  progress.ends(written);
  return { place, page, ...written };
}

type Verdicts =
  | { readonly kind: 'whole'; readonly result: LabelSetResult }
  /** The caps were reached; `said` is how the set tells it. */
  | { readonly kind: 'capped'; readonly said: string };

/** As a lap asks for them: with one seed the calls are equal. */
async function verdictsOn(opened: OpenedLabel): Promise<Verdicts> {
  const { place, proofs, verifier, metaVerifier, prompts, labelling, sampling, seed, engine } = opened;
  const { waves, earlyStop, verdictAttempts } = labelling;
  const policy = policyOf(labelling);
  const { caps, priority } = askingOf(opened, place, [verifier, metaVerifier]);
  const setId = verdictsOf(place);
  try {
    const result = await executeChild(labelSet, {
      workflowId: setId,
      args: [
        {
          setId,
          proofs,
          verifier: verifier.ref,
          metaVerifier: metaVerifier.ref,
          prompts,
          policy,
          waves,
          earlyStop,
          verdictAttempts,
          mustAnswer: true,
          sampling: { verify: sampling.verify, metaVerify: sampling.metaVerify },
          seed: seedOf(seed, 'verdicts'),
          engine,
          ...(caps && { caps }),
        },
      ],
      staticSummary:
        `n=${policy.analysesPerProof}, m=${policy.metaAnalysesPerAnalysis}, k=${policy.minValidAnalyses} on ` +
        `${proofs.rows} proofs`,
      ...(priority && { priority }),
    });
    return { kind: 'whole', result };
  } catch (error) {
    const { type, message } = rootFailure(error);
    if (type !== 'CapReached') throw error;
    return { kind: 'capped', said: message };
  }
}
