/** What a worker needs of the workflows to hold reviews. */
export { expertReview } from '../../../workflows/reviews/expertReview.ts';
export { notice } from '../../../workflows/notice.ts';
export { reviewSet } from '../../../workflows/reviews/reviewSet.ts';
