import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import type { OpenedLap } from '../activities/laps/open.ts';
import type { OpenedProduct } from '../shared/products/input.ts';
import { fieldsOf, firstWrong, loose, OBJECT, PATH, PROMPTS, TEXT } from '../shared/inputRules.ts';
import { failure } from './failure.ts';

/**
 * A workflow that others start with what is right, and a person by hand with anything: there, what it cannot take fails
 * it. As a child it waits with a faulty step for code that is mended, as all do, and no lap is lost.
 */
export function byHand<Input extends unknown[], Result>(workflow: (...input: Input) => Promise<Result>): void {
  setWorkflowOptions(() => (workflowInfo().parent ? {} : { failureExceptionTypes: [TypeError, RangeError] }), workflow);
}

const OPENED = { lap: PATH, recipe: OBJECT, problems: OBJECT, prompts: PROMPTS, base: OBJECT };

/** A part of a lap, which is given what the lap opened. @throws `BadPartInput` */
export const partOfLap = <Input extends { readonly opened: OpenedLap }, Result>(
  workflow: (input: Input) => Promise<Result>,
) => partOf('a lap', OPENED, workflow);

const OPENED_PRODUCT = { place: PATH, name: TEXT, prompts: PROMPTS, sampling: OBJECT, engine: OBJECT };

/** A part of a product. @throws `BadPartInput` */
export const partOfProduct = <Input extends { readonly opened: OpenedProduct }, Carried extends unknown[], Result>(
  workflow: (input: Input, ...carried: Carried) => Promise<Result>,
) => partOf('a product', OPENED_PRODUCT, workflow);

/** What a workflow carries from run to run comes after its input. */
function partOf<Input extends { readonly opened: object }, Carried extends unknown[], Result>(
  whole: string,
  rules: Parameters<typeof fieldsOf>[2],
  workflow: (input: Input, ...carried: Carried) => Promise<Result>,
): (input: Input, ...carried: Carried) => Promise<Result> {
  const part = async (input: Input, ...carried: Carried): Promise<Result> => {
    const refusal = firstWrong(fieldsOf('opened.', loose<Input>(input).opened, rules));
    if (refusal) throw failure('BadPartInput', `${refusal}: ${whole} starts this part, with what it opened`);
    return workflow(input, ...carried);
  };
  byHand(part);
  return part;
}
