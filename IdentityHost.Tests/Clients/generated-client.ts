// A client whose types were generated from /openapi/v1.json, as somebody writes one who has read nothing but the document. Compiled strictly: whatever the
// document forgets or misnames is an error here. Prints one JSON line for each step. Arguments: address of the host, a username that is free.
import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './openapi.js';

declare const process: { argv: string[] };

type User = components['schemas']['User'];

const [, , baseUrl = '', username = ''] = process.argv;
const password = 'a quiet place to sit';
const say = (step: string, facts: Record<string, unknown>) => console.log(JSON.stringify({ step, ...facts }));

let token: string | undefined;
const authorization: Middleware = {
  onRequest({ request }) {
    if (token !== undefined) request.headers.set('Authorization', `Bearer ${token}`);
    return request;
  },
};
const client = createClient<paths>({ baseUrl });
client.use(authorization);

/** The data of a success; anything else ends the program with the code that it was refused with. */
function dataOf<T>(answer: { data?: { status: 'success'; data: T }; error?: { code: string }; response: Response }): T {
  if (answer.data === undefined) throw new Error(`${answer.response.status} ${answer.error?.code}`);
  return answer.data.data;
}

const registered: User = dataOf(await client.POST('/users/register', {
  params: { header: { 'Idempotency-Key': username } },
  body: { username, password, email: `${username}@example.com`, name: 'Aan', weight: 58.5, height: 170.5 },
}));
say('register', { id: registered.id, username: registered.username, verified: registered.email_verified, picture: registered.profile_picture });

const taken = await client.POST('/users/register', { body: { username, password } });
say('taken', { status: taken.response.status, code: taken.error?.code, members: taken.error?.fields?.['username']?.length });

const login = dataOf(await client.POST('/users/login', { body: { username, password } }));
token = login.access_token;
const expiresIn: number = login.expires_in;
const tokenType: 'Bearer' = login.token_type;
say('login', { id: login.user.id, tokenType, expiresIn, refreshes: login.refresh_token.length > 0 });

const current = await client.GET('/users/current');
const me: User = dataOf(current);
const tag = current.response.headers.get('ETag') ?? '';
say('current', { id: me.id, role: me.role, methods: me.sign_in_methods, weight: me.weight });

const updated: User = dataOf(await client.PATCH('/users/current', {
  params: { header: { 'If-Match': tag } },
  body: { name: 'Aan V', weight: 60, height: null, profile_picture: null },
}));
say('update', { name: updated.name, weight: updated.weight, height: updated.height });

const late = await client.PATCH('/users/current', { params: { header: { 'If-Match': tag } }, body: { name: 'Too late' } });
say('late', { status: late.response.status, code: late.error?.code });

const byId: User = dataOf(await client.GET('/users/{id}', { params: { path: { id: me.id } } }));
const list = await client.GET('/users', { params: { query: { limit: '1' } } });
const next: string | null | undefined = list.data?.page.next;
say('list', { name: byId.name, status: list.response.status, code: list.error?.code, next });

const sessions = dataOf(await client.GET('/users/current/sessions'));
say('sessions', { count: sessions.length, current: sessions.some(s => s.current) });

const logout = await client.DELETE('/users/logout');
say('logout', { data: dataOf(logout), username: logout.data?.details.username });

const after = await client.GET('/users/current');
say('after', { status: after.response.status, code: after.error?.code, challenge: after.response.headers.get('WWW-Authenticate') });
