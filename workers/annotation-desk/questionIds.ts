import { createHash } from 'node:crypto';

/**
 * What a question is called in addresses of the desk. A workflow's id says of which set a question is and which model's
 * proof it is about, and whoever scores should not see either.
 */
export const questionIdOf = (workflowId: string): string =>
  createHash('sha256').update(workflowId).digest('base64url').slice(0, 16);
