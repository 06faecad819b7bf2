import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { policyOf } from '../../shared/label/policies.ts';
import { verdictsOf, type AskedQuestions, type LabelProgress, type OpenedLabel } from '../../shared/products/labels.ts';
import type { WrittenLabels } from '../../activities/products/label/write.ts';

const progressQuery = defineQuery<LabelProgress>('progress');

/** Says how far a `label` is: to the `progress` query, and in the workflow's details. */
export function trackLabel() {
  let state: LabelProgress = { step: 'reads its input', proofs: 0, capped: false, asked: 0 };
  let about = '';
  setHandler(progressQuery, () => state, { description: 'What it does, its labels, and how many questions are open' });
  const become = (more: Partial<LabelProgress>, text: string): void => {
    state = { ...state, ...more };
    const { labels, capped } = state;
    const counts =
      labels &&
      `\n\n| automatic | contested | unresolved |\n| --- | --- | --- |\n` +
        `| ${labels.auto} | ${labels.contested} | ${labels.unresolved}${capped ? ' (caps reached)' : ''} |`;
    setCurrentDetails(`${about}${text}${counts ?? ''}`);
  };
  become({}, 'Reads its input');
  return {
    labels({ place, name, proofs, problems, labelling }: OpenedLabel): void {
      const {
        analysesPerProof: n,
        metaAnalysesPerAnalysis: m,
        minValidAnalyses: k,
        rule = 'lowest',
      } = policyOf(labelling);
      about = `**${name}**: ${proofs.rows} proofs of ${problems} problems, n=${n}, m=${m}, k=${k}, ${rule}\n\n`;
      const verdicts = verdictsOf(place);
      become(
        { name, step: 'labels', proofs: proofs.rows, verdicts },
        `Verdicts: the workflow \`${verdicts}\` shows them.`,
      );
    },
    hasDecided({ auto, contested, unresolved, capped }: WrittenLabels['decisions']): void {
      become({ step: 'writes', labels: { auto, contested, unresolved }, capped: capped > 0 }, 'Writes its labels');
    },
    waits(open: readonly AskedQuestions[]): void {
      const asked = open.reduce((sum, questions) => sum + questions.open, 0);
      const sets = open.map(({ setId }) => `\`${setId}\``).join(', ');
      become(
        { step: 'waits for people', asked },
        `${asked} questions to people: \`flywheel review\`, or the workflows below ${sets}.`,
      );
    },
    writes(): void {
      become({ step: 'writes' }, 'Writes its labels, with what people said');
    },
    ends({ labels, contested }: Pick<WrittenLabels, 'labels' | 'contested'>): void {
      become({ step: 'has ended', asked: 0 }, `Labels: \`${labels.uri}\`, without a label: ${contested.rows}`);
    },
  };
}
