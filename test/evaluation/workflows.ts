export { evaluateModel } from '../../workflows/evaluateModel.ts';
export { sampleSet } from '../../workflows/sampleSet.ts';
