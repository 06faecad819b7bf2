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

/** Those who may score, and what is known of them; kept in the store. */
export interface People {
  /** Everybody who was ever made, in the order of their ids. */
  list(): Promise<readonly KnownPerson[]>;
  /** Undefined for nobody, and for somebody whose tokens were revoked. */
  find(id: string): Promise<Person | undefined>;
  /** The person whose token it is. */
  withToken(token: string): Promise<Person | undefined>;
  /** @param by the lead who does so. */
  pause(id: string, by: string, isPaused: boolean): Promise<void>;
}
