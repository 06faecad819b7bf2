import type { OpenReview, ReviewDesk } from '../desk.ts';

/** A task as Label Studio imports it; what it shows is named by `$problem`, `$proof` and `$analysis`. */
export interface LabelStudioTask {
  readonly data: {
    /** The review's id, by which `flywheel verdicts import` finds it again. */
    readonly question: string;
    readonly kind: string;
    readonly problem: string;
    readonly proof: string;
    readonly analysis?: string;
  };
}

/** Open questions for other tools, blind: neither what others said nor what a verifier's analyses report. */
export async function* openTasks(
  desk: Pick<ReviewDesk, 'texts'>,
  open: readonly OpenReview[],
): AsyncGenerator<LabelStudioTask> {
  for (const { workflowId, kind, progress } of open) {
    if (progress === undefined || progress.status !== 'open') continue;
    const { problem, proof, analysis } = await desk.texts(progress.question);
    yield {
      data: {
        question: workflowId,
        kind,
        problem: problem.statement,
        proof,
        ...(analysis !== undefined && { analysis }),
      },
    };
  }
}
