import type { Admitted, KnownPerson, Login } from './people.ts';

/** What happened to an annotator, each in a file of its own that is never changed. */
export type Happened =
  | { readonly kind: 'made'; readonly isLead: boolean }
  /** `hash`: the token's sha256; the token itself is kept nowhere. */
  | { readonly kind: 'tokenMade'; readonly hash: string }
  /** All tokens, and what was signed in by them. */
  | { readonly kind: 'revoked' }
  | { readonly kind: 'lead'; readonly isLead: boolean }
  | { readonly kind: 'paused'; readonly isPaused: boolean }
  /** By what a login service knows the person. */
  | { readonly kind: 'login'; readonly email?: string | undefined; readonly subject?: string | undefined };

export type AnnotatorEvent = Happened & {
  /** ISO 8601. */
  readonly at: string;
  /** The annotator who did it, or who typed the command. */
  readonly by: string;
};

/** An annotator as the events make them. */
export interface Annotator extends KnownPerson, Admitted {
  /** How many events there are. */
  readonly events: number;
  readonly hashes: readonly Buffer[];
  readonly email?: string | undefined;
  readonly subject?: string | undefined;
}

/** By what a login service knows somebody. */
export interface LoginNames {
  readonly email?: string | undefined;
  readonly subject?: string | undefined;
}

/** Before anything has happened. */
export const unmade = (id: string, since: string): Annotator => ({
  id,
  isLead: false,
  isPaused: false,
  since,
  isRevoked: false,
  generation: 0,
  hashes: [],
  events: 0,
});

/** An annotator after what happened. */
export function after(before: Annotator, event: AnnotatorEvent): Annotator {
  const annotator = { ...before, events: before.events + 1 };
  switch (event.kind) {
    case 'made':
    case 'lead':
      return { ...annotator, isLead: event.isLead };
    case 'tokenMade':
      return { ...annotator, isRevoked: false, hashes: [...annotator.hashes, Buffer.from(event.hash, 'hex')] };
    case 'revoked':
      return { ...annotator, isRevoked: true, hashes: [], generation: annotator.generation + 1 };
    case 'paused':
      return { ...annotator, isPaused: event.isPaused };
    case 'login':
      return { ...annotator, email: event.email, subject: event.subject };
  }
}

/** As somebody who may sign in. */
export function admitted(annotator: Annotator | undefined): Admitted | undefined {
  if (annotator === undefined || annotator.isRevoked) return undefined;
  const { id, isLead, isPaused, generation } = annotator;
  return { id, isLead, isPaused, generation };
}

/** Whether a login is theirs; addresses are the same in capitals. */
export function isMeant({ email, subject }: LoginNames, login: Login): boolean {
  return 'email' in login ? email?.toLowerCase() === login.email.toLowerCase() : subject === login.subject;
}
