import { Provider } from 'oidc-provider';

/**
 * A login service: the real `oidc-provider`, on a port of this machine. Everybody may log in as anybody; whoever is
 * `unverified@…` has an address that nobody verified.
 */
const [port = '', callback = ''] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'desk', client_secret: 'a secret with: %, + and /', redirect_uris: [callback] }],
  cookies: { keys: ['of the provider alone'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  findAccount: (_context, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: sub, email_verified: !sub.startsWith('unverified') }),
  }),
  pkce: { required: () => true },
});
provider.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
