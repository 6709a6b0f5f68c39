// Authorization code with PKCE in a page of its own: no library, no build. Tokens live in memory only, so a reload asks the server again,
// which answers without a page while the person is signed in there.
const issuer = sessionStorage.getItem('issuer') ?? 'http://localhost:5000';
const client = 'demo-spa';
const redirectUri = location.origin + '/';
const scope = 'openid profile email offline_access users:self';

const $ = id => document.getElementById(id);
const base64url = bytes => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
let tokens = null;

async function discover() {
  const answer = await fetch(issuer + '/.well-known/openid-configuration');
  const metadata = await answer.json();
  if (metadata.issuer !== issuer) throw new Error('Another issuer answers there: ' + metadata.issuer);
  return metadata;
}

async function signIn(more = {}) {
  const metadata = await discover();
  const flow = { verifier: random(), state: random(), nonce: random() };
  sessionStorage.setItem('flow', JSON.stringify(flow));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(flow.verifier));
  location.assign(metadata.authorization_endpoint + '?' + new URLSearchParams({
    client_id: client, response_type: 'code', redirect_uri: redirectUri, scope, state: flow.state, nonce: flow.nonce,
    code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: 'S256', ...more,
  }));
}

// The answer stands in the address: checked against what this tab asked for, traded, and taken out of the history.
async function arrive(answer) {
  const flow = JSON.parse(sessionStorage.getItem('flow') ?? 'null');
  sessionStorage.removeItem('flow');
  history.replaceState(null, '', redirectUri);
  if (!flow || answer.get('state') !== flow.state) throw new Error('This answer belongs to no request of this tab.');
  if (answer.get('iss') !== issuer) throw new Error('This answer is from another server.');
  if (answer.has('error')) throw new Error(answer.get('error') + ': ' + (answer.get('error_description') ?? ''));
  await trade({ grant_type: 'authorization_code', code: answer.get('code'), redirect_uri: redirectUri, code_verifier: flow.verifier });
  if (claims().nonce !== flow.nonce) throw new Error('This ID token answers another request.');
}

async function trade(parameters) {
  const { token_endpoint } = await discover();
  const answer = await fetch(token_endpoint, { method: 'POST', body: new URLSearchParams({ client_id: client, ...parameters }) });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error + ': ' + body.error_description);
  tokens = { ...tokens, ...body };
}

// Straight from the token endpoint over TLS, so its signature need not be checked here (OpenID Connect Core, section 3.1.3.7).
const claims = () => JSON.parse(new TextDecoder().decode(
  Uint8Array.from(atob(tokens.id_token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0))));

async function call() {
  const answer = await fetch(issuer + '/connect/userinfo', { headers: { Authorization: 'Bearer ' + tokens.access_token } });
  show(answer.status + ' ' + JSON.stringify(await answer.json(), null, 2));
}

async function signOut() {
  const { end_session_endpoint } = await discover();
  const hint = tokens.id_token;
  tokens = null;
  location.assign(end_session_endpoint + '?' + new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: redirectUri }));
}

function show(text) {
  $('answer').textContent = text;
  $('answer').hidden = false;
}

function draw() {
  const signedIn = tokens !== null;
  $('state').textContent = signedIn ? 'Signed in as ' + claims().sub : 'Signed out';
  for (const id of ['sign-in', 'google']) $(id).hidden = signedIn;
  for (const id of ['call', 'refresh', 'sign-out']) $(id).hidden = !signedIn;
}

const on = (id, act) => $(id).addEventListener('click', () => act().catch(e => show(e.message)));
on('sign-in', () => signIn());
on('google', () => signIn({ provider: 'google' }));
on('call', call);
on('refresh', async () => { await trade({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token }); show('Refreshed'); draw(); });
on('sign-out', signOut);

try {
  const answer = new URLSearchParams(location.search);
  if (answer.has('state')) await arrive(answer);
} catch (e) {
  show(e.message);
}
draw();
