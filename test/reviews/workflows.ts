/** What a worker needs of the workflows to hold reviews. */
export { expertReview } from '../../workflows/expertReview.ts';
export { reviewSet } from '../../workflows/reviewSet.ts';
