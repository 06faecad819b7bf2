import { Context } from '@temporalio/activity';
import type { LabelInput } from '../../../shared/products/labels.ts';
import type { ProductOwner, ProductWorld } from '../open.ts';
import { labelsSoFar } from './decide.ts';
import { openLabel } from './open.ts';
import { askPeople } from './people.ts';
import { decideLabels, writeLabels } from './write.ts';

type Of<Work> = Work extends (store: never, input: infer Input) => unknown ? Input : never;

/** What `label` does to the store. */
export function createLabelActivities(world: ProductWorld) {
  const { store, workflowEnd } = world;
  return {
    openLabel: (input: LabelInput, owner: ProductOwner) => openLabel(world, input, owner),
    labelsSoFar: (input: Of<typeof labelsSoFar>) => labelsSoFar(store, input),
    decideLabels: (input: Of<typeof decideLabels>) => decideLabels(store, input),
    writeLabels: (input: Of<typeof writeLabels>) => writeLabels(store, input),
    askPeople: (input: Of<typeof askPeople>) => askPeople(store, input),
    /** Ends when the workflow has, however it has: questions that an earlier `label` left open are others' children. */
    async questionsEnd({ setId }: { readonly setId: string }): Promise<void> {
      const { cancellationSignal, cancelled } = Context.current();
      await Promise.race([workflowEnd?.(setId, cancellationSignal), cancelled]);
    },
  };
}
