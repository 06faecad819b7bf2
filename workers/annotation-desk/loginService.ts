import * as oidc from 'openid-client';
import type { Login } from '../../activities/reviews/people.ts';

export interface LoginSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What it says that tells annotators apart: an address that it has verified, or its own name for them. */
  readonly claim: 'email' | 'sub';
}

/** A login that has begun: what has to come back, kept in the browser that began it. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The path to go on to. */
  readonly next: string;
}

/** Whom the service says that somebody is, or why it says nothing. */
export type Said =
  | { readonly kind: 'said'; readonly login: Login; readonly name: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Ours: a service that is there answers at once. */
const PATIENCE_S = 10;

/**
 * A team's login service, which speaks OpenID Connect: the code flow with PKCE, state and nonce. Its addresses and keys
 * are looked up when they are first needed, so that the desk starts without it.
 */
export class LoginService {
  readonly #settings: LoginSettings;
  readonly #callback: string;
  #found: Promise<oidc.Configuration> | undefined;

  /** @param callback where the service sends people back to; it is registered there. */
  constructor(settings: LoginSettings, callback: string) {
    this.#settings = settings;
    this.#callback = callback;
  }

  get name(): string {
    return new URL(this.#settings.issuer).host;
  }

  /** @returns where the browser is to go, and what it is to keep. */
  async begin(next: string): Promise<{ readonly url: string; readonly pending: Pending }> {
    const verifier = oidc.randomPKCECodeVerifier();
    const pending = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier, next };
    const url = oidc.buildAuthorizationUrl(await this.#configuration(), {
      redirect_uri: this.#callback,
      scope: 'openid email',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, pending };
  }

  /**
   * @param query what the browser came back with.
   * @throws where the service does not answer, or its answer is not to be believed.
   */
  async end(query: string, { state, nonce, verifier }: Pending): Promise<Said> {
    const configuration = await this.#configuration();
    const back = new URL(this.#callback);
    back.search = query;
    const tokens = await oidc
      .authorizationCodeGrant(configuration, back, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
      .catch((error: unknown) => {
        if (error instanceof oidc.AuthorizationResponseError) return error.error;
        throw error;
      });
    if (typeof tokens === 'string') return { kind: 'refused', reason: `${this.name} says ${tokens}` };
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('Expected an ID token, got none');
    if (this.#settings.claim === 'sub') return { kind: 'said', login: { subject: claims.sub }, name: claims.sub };
    // Services may keep an address for those who ask about it.
    const { email, email_verified: isVerified } =
      claims['email'] === undefined ? await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub) : claims;
    if (typeof email !== 'string') return { kind: 'refused', reason: `${this.name} says no address of yours` };
    if (isVerified !== true) return { kind: 'refused', reason: `${this.name} has not verified your address ${email}` };
    return { kind: 'said', login: { email }, name: email };
  }

  #configuration(): Promise<oidc.Configuration> {
    if (this.#found === undefined) {
      const { issuer, clientId, clientSecret } = this.#settings;
      const here = new URL(issuer).protocol === 'http:'; // of this machine alone, as settings are checked
      const found = oidc.discovery(new URL(issuer), clientId, undefined, oidc.ClientSecretBasic(clientSecret), {
        timeout: PATIENCE_S,
        execute: here ? [oidc.allowInsecureRequests] : [],
      });
      this.#found = found;
      found.catch(() => (this.#found = undefined)); // the next login looks again
    }
    return this.#found;
  }
}
