import type { LapFacts } from '../../shared/lap/facts.ts';
import { stagesOf } from '../../shared/lap/phases.ts';
import type { LapShape } from '../../shared/lap/orders.ts';
import { trainingLayout } from '../../shared/lap/layout.ts';
import { watchText } from '../../shared/training/watches.ts';

/** How trainings lie on GPUs, which GRPO they are and what they are watched for, as far as a recipe says it. */
export function trainingLines(lap: LapShape, facts: LapFacts): string[] {
  const { stages } = lap.recipe;
  const layout = trainingLayout(lap.recipe, facts);
  const said = stagesOf(lap).map((stage) => {
    const { variant = {}, watches = [] } = stages[stage];
    const variantText = Object.entries(variant).map(([field, value]) => `${field} ${value}`);
    return { stage, text: [...variantText, ...watches.map(watchText)].join('; ') };
  });
  const texts = [...new Set(said.map(({ text }) => text))].filter((text) => text !== '');
  return [
    ...(layout ? [`trainings: ${layout.text}`] : []),
    ...texts.map((text) => {
      const those = said.filter((each) => each.text === text).map(({ stage }) => stage);
      return `GRPO${those.length === said.length ? '' : ` of ${those.join(', ')}`}: ${text}`;
    }),
  ];
}
