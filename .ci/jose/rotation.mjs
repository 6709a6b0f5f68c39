// A resource server in another language while keys rotate: node rotation.mjs MINUTES CLIENT_ID:SECRET NODE_URL...
// Gets tokens from each node in turn and checks each with `jose` and its default cache of the keys, now and again shortly before the token
// expires; asks the nodes about them too. Exits with 1 where anything that should be good was refused.
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { setTimeout as sleep } from "node:timers/promises";

const [minutes, client, ...nodes] = process.argv.slice(2);
const basic = { authorization: "Basic " + Buffer.from(client).toString("base64") };
const { issuer } = await (await fetch(`${nodes[0]}/.well-known/openid-configuration`)).json();
// One cache for each node, kept to the end, as an API behind a load balancer has it.
const caches = nodes.map(node => createRemoteJWKSet(new URL(`${node}/.well-known/jwks`)));

const failures = [];
const kids = new Set();
let checks = 0;
let late = 0;

async function post(url, form) {
  const response = await fetch(url, { method: "POST", headers: basic, body: new URLSearchParams(form) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function attempt(what, action) {
  checks++;
  try {
    return await action();
  } catch (error) {
    failures.push(`${new Date().toISOString()} ${what}: ${error.message}`);
  }
}

async function check(token, when) {
  for (const [index, keys] of caches.entries()) {
    await attempt(`jose with the keys of node ${index + 1}, ${when}`, () => jwtVerify(token, keys, { issuer, audience: issuer, typ: "at+jwt" }));
    await attempt(`introspection at node ${index + 1}, ${when}`, async () => {
      const { active } = await post(`${nodes[index]}/connect/introspect`, { token });
      if (!active) throw new Error(`not active: ${decodeProtectedHeader(token).kid}`);
    });
  }
}

const end = Date.now() + Number(minutes) * 60_000;
const later = [];
for (let turn = 0; Date.now() < end; turn++) {
  const node = nodes[turn % nodes.length];
  const answer = await attempt(`a token of ${node}`, () => post(`${node}/connect/token`, { grant_type: "client_credentials" }));
  if (answer) {
    kids.add(decodeProtectedHeader(answer.access_token).kid);
    await check(answer.access_token, "at once");
    later.push({ token: answer.access_token, expires: Date.now() + answer.expires_in * 1000 });
  }
  while (later.length && later[0].expires - 10_000 <= Date.now()) {
    const { token, expires } = later.shift();
    // On a machine that stalled the token may be over: that is no refusal of a good one.
    if (expires - 3000 > Date.now()) await check(token, "before it expires");
    else late++;
  }
  await sleep(50);
}
console.log(`${checks} checks, ${kids.size} keys, ${failures.length} failures, ${late} tokens asked about too late`);
for (const failure of failures.slice(0, 10)) console.log(failure);
process.exit(failures.length === 0 && kids.size > 1 ? 0 : 1);
