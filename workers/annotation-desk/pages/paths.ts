import { questionIdOf } from '../questionIds.ts';

/** Where pages are, and where forms are sent; what a browser sends stands in `fields.ts`. */
export const PATHS = {
  home: '/',
  /** POST: takes a question, the next in order. */
  next: '/next',
  lead: '/lead',
  quality: '/quality',
  signIn: '/sign-in',
  /** POST. */
  signOut: '/sign-out',
  question: (workflowId: string) => `/questions/${questionIdOf(workflowId)}`,
  /** POST. */
  act: (workflowId: string, action: Action) => `/questions/${questionIdOf(workflowId)}/${action}`,
  /** POST, by a lead. */
  pause: (person: string, action: 'pause' | 'resume') => `/lead/people/${encodeURIComponent(person)}/${action}`,
} as const;

/** What can be done about a question. */
export const ACTIONS = ['claim', 'verdict', 'give-back', 'flag', 'withdraw', 'adjudicate'] as const;
export type Action = (typeof ACTIONS)[number];
