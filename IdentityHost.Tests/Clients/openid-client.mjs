// Drives npm openid-client, as its readers are told to use it, through everything it knows. Prints one JSON line for each step; what it does not
// accept it throws. Arguments: issuer, username, password, initial access token, how the registered client proves itself.
import http from 'node:http';
import * as client from 'openid-client';

const [issuer, username, password, initialAccessToken, method] = process.argv.slice(2);
const redirectUri = 'http://127.0.0.1:51234/callback';
const afterLogout = initialAccessToken ? 'http://127.0.0.1:51234/' : 'http://localhost:3000/';
const say = (step, facts) => console.log(JSON.stringify({ step, ...facts }));
const insecure = { execute: [client.allowInsecureRequests] };

// A browser that has no scripts: cookies, redirects, and the two forms it meets.
const cookies = new Map();
function send(address, form) {
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(address), {
      method: form ? 'POST' : 'GET',
      headers: {
        accept: 'text/html',
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
    }, answer => {
      let body = '';
      answer.setEncoding('utf8').on('data', part => body += part).on('end', () => {
        for (const cookie of answer.headers['set-cookie'] ?? []) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
          if (value) cookies.set(name, value); else cookies.delete(name);
        }
        resolve({ status: answer.statusCode, location: answer.headers.location && new URL(answer.headers.location, address).href, body });
      });
    }).on('error', reject);
    request.end(form && new URLSearchParams(form).toString());
  });
}

async function browse(address, until) {
  for (let step = 0; step < 15; step++) {
    let answer = await send(address);
    if (!answer.location) {
      const page = new URL(address);
      const token = /name="__RequestVerificationToken"[^>]* value="([^"]+)"/.exec(answer.body)?.[1];
      const form = { __RequestVerificationToken: token };
      if (page.pathname === '/sign-in') answer = await send(address, { ...form, identifier: username, password, return_to: page.searchParams.get('return_to') });
      else if (page.pathname === '/consent') answer = await send(new URL('/consent?handler=Allow', address).href, { ...form, id: page.searchParams.get('id') });
      if (!answer.location) throw new Error(`Stuck at ${address}: ${answer.status} ${answer.body}`);
    }
    address = answer.location;
    if (address.startsWith(until)) return new URL(address);
  }
  throw new Error('It goes on and on: ' + address);
}

async function codeFlow(config, more = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri, scope: 'openid profile email offline_access', state: expectedState, nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256', ...more,
  });
  const callback = await browse(address.href, redirectUri);
  return client.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true });
}

// A key pair of its own, for private_key_jwt.
const key = method === 'private_key_jwt' && await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const jwks = key && { keys: [{ ...await crypto.subtle.exportKey('jwk', key.publicKey), kid: 'first', key_ops: undefined, ext: undefined }] };

const config = initialAccessToken
  ? await client.dynamicClientRegistration(
    new URL(issuer),
    {
      client_name: 'openid-client', redirect_uris: [redirectUri], post_logout_redirect_uris: [afterLogout],
      grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: method, ...(jwks && { jwks }),
      scope: 'openid profile email offline_access',
    },
    key ? client.PrivateKeyJwt({ key: key.privateKey, kid: 'first' }) : client.ClientSecretBasic(), { ...insecure, initialAccessToken })
  : await client.discovery(new URL(issuer), 'demo', undefined, client.None(), insecure);
say('discovered', { issuer: config.serverMetadata().issuer, client: config.clientMetadata().client_id });

const tokens = await codeFlow(config);
say('code', { sub: tokens.claims().sub, members: Object.keys(tokens).sort() });
const user = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
say('userinfo', { sub: user.sub, username: user.preferred_username, email: user.email });
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
say('refresh', { sub: refreshed.claims().sub, another: refreshed.refresh_token !== tokens.refresh_token });

const again = await codeFlow(config, { prompt: 'none' });
say('silent', { sub: again.claims().sub });
if (initialAccessToken)
  say('introspect', { active: (await client.tokenIntrospection(config, again.access_token)).active });
await client.tokenRevocation(config, again.refresh_token);
say('revoked', await client.refreshTokenGrant(config, again.refresh_token).then(() => ({ error: null }), e => ({ error: e.error })));

const logout = client.buildEndSessionUrl(config, { id_token_hint: refreshed.id_token, post_logout_redirect_uri: afterLogout, state: 'bye' });
const left = await browse(logout.href, afterLogout);
say('logout', { state: left.searchParams.get('state') });
say('after', await client.refreshTokenGrant(config, refreshed.refresh_token).then(() => ({ error: null }), e => ({ error: e.error })));
