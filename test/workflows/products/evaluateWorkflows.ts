export { evaluate } from '../../../workflows/products/evaluate.ts';
export { labelSet } from '../../../workflows/sets/labelSet.ts';
export { sampleSet } from '../../../workflows/sets/sampleSet.ts';
