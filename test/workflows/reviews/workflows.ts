/** What a worker needs of the workflows to hold reviews. */
export { expertReview } from '../../../workflows/reviews/expertReview.ts';
export { reviewSet } from '../../../workflows/reviews/reviewSet.ts';
