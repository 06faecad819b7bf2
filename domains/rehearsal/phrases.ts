import { FORMATS } from '../../shared/answers.ts';

/** The fixed phrases of the answer formats (paper A.1–A.3), each one token of the rehearsal's tokenizer. */
export const [SOLUTION, SELF_EVALUATION, EVALUATION_OPENING, EVALUATION_CLOSING, BOX_OPENING] = FORMATS.selfVerify;
export const [META_OPENING, META_CLOSING] = FORMATS.metaVerify;
export const BOX_CLOSING = '}';

export const PHRASES = [...FORMATS.selfVerify.slice(0, -1), META_OPENING, META_CLOSING, BOX_OPENING, BOX_CLOSING];
