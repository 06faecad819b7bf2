export { evaluateModel } from '../../../workflows/sets/evaluateModel.ts';
export { sampleSet } from '../../../workflows/sets/sampleSet.ts';
