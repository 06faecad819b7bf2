/** Who is signed in. Identity comes from the session alone, never from what a request says. */
export interface Person {
  /** Opaque; kept with each verdict. */
  readonly id: string;
  /** Decides disagreements and flags, and sees the lead's pages. */
  readonly isLead: boolean;
  /** By a lead: gets no questions until they go on. */
  readonly isPaused: boolean;
}

/** Who may score, as the lead's pages show them. */
export interface KnownPerson extends Person {
  /** ISO 8601. */
  readonly since: string;
  readonly isRevoked: boolean;
}

/** A person who may sign in. */
export interface Admitted extends Person {
  /** How often the person was revoked: what was signed in under another number is signed out. */
  readonly generation: number;
}

/** What a login service says of somebody: an address that it has verified, or its own name for them. */
export type Login = { readonly email: string } | { readonly subject: string };

/** Those who may score, and what is known of them; kept in the store. */
export interface People {
  /** Everybody who was ever made, in the order of their ids. */
  list(): Promise<readonly KnownPerson[]>;
  /** Undefined for nobody, and for somebody whose tokens were revoked. */
  find(id: string): Promise<Admitted | undefined>;
  /** The person whose token it is. */
  withToken(token: string): Promise<Admitted | undefined>;
  /** The one person whom a login service means; undefined where it is nobody, or more than one. */
  withLogin(login: Login): Promise<Admitted | undefined>;
  /** @param by the lead who does so. */
  pause(id: string, by: string, isPaused: boolean): Promise<void>;
}
