import { html, type Markup } from '../../../reports/pages/markup.ts';
import type { Frame } from '../views.ts';
import { csrfField, framed } from './frame.ts';
import { PATHS } from './paths.ts';

export interface SignInView extends Frame {
  /** The path to go on to. */
  readonly next: string;
  /** Why the person is not signed in, and what to do. */
  readonly refusal?: string | undefined;
  /** Where a login service is asked, and what it is called; absent where the team has none. */
  readonly login?: { readonly path: string; readonly name: string } | undefined;
}

/** `/sign-in`: a token, or a team's login service. */
export function signInPage(view: SignInView): Markup {
  const { next, refusal, login } = view;
  const withLogin = login
    ? html`<p>
          <a class="button" href="${login.path}?next=${encodeURIComponent(next)}">Sign in with ${login.name}</a>
        </p>
        <p>Or with a token:</p>`
    : null;
  return framed(
    { ...view, ...(refusal !== undefined && { said: { kind: 'refused', text: refusal } }) },
    'Sign in',
    html`<h1>Sign in</h1>
      ${withLogin}
      <form method="post" action="${PATHS.signIn}" class="sign-in">
        ${csrfField(view)}<input type="hidden" name="next" value="${next}" />
        <p>
          <label for="token">Your token</label>
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="current-password"
            autocapitalize="none"
            spellcheck="false"
            required
            aria-describedby="token-from"
          />
        </p>
        <p id="token-from" class="note">Whoever leads the scoring made it for you. Nobody can look it up.</p>
        <button class="strong">Sign in</button>
      </form>`,
  );
}
