// An API in Node whose tokens IdentityHost issues, and which obeys a logout at once: npm ci && npm start, while `dotnet run` serves.
// Signatures are checked by `jose`; revocations come from the issuer's feed and are kept in memory (docs/resource-servers.md).
import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";

const env = process.env;
const issuer = env.ISSUER ?? "http://localhost:5000", audience = env.AUDIENCE ?? issuer, port = env.PORT ?? 5201;
const client = env.CLIENT ?? "demo-service:demo-service-secret-for-development-only";
const authorization = "Basic " + Buffer.from(client.split(":").map(encodeURIComponent).join(":")).toString("base64");
const base = env.ISSUER_ADDRESS ?? issuer; // where the issuer is reached, if that is not its public address
const keys = createRemoteJWKSet(new URL(`${base}/.well-known/jwks`), { cooldownDuration: 5000, cacheMaxAge: 200_000 });

// The copy: kind -> key -> row. It counts while the issuer's clock, as we know it, is less than two seconds further than the last `time`.
let revoked = {}, epoch, freshUntil = 0, lastId;
const hit = (kind, key) => revoked[kind]?.has(key);
const below = (kind, key, mine) => mine < (revoked[kind]?.get(key)?.epoch ?? -1);
const isRevoked = (t, kid) => t.gep !== epoch || hit("token", t.jti) || hit("grant", t.gid) || hit("session", t.sid) || hit("key", kid)
  || below("application", t.client_id, t.aep) || (t.uep !== undefined && (below("user", t.sub, t.uep) || below("user-access", t.sub, t.uep)));

async function follow() {
  const asked = performance.now(), stop = new AbortController();
  let first, silence, buffer = "";
  const heard = () => { clearTimeout(silence); silence = setTimeout(() => stop.abort(), 3000); };
  heard();
  try {
    const headers = { authorization, accept: "text/event-stream", ...(lastId && { "last-event-id": lastId }) };
    const response = await fetch(`${base}/connect/revocations`, { headers, signal: stop.signal });
    if (!response.ok) throw new Error(`the feed answered ${response.status}`);
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      heard();
      const events = (buffer + chunk).split("\n\n");
      buffer = events.pop();
      for (const text of events) {
        const field = Object.fromEntries(text.split("\n").map(line => line.split(/: ?(.*)/s)));
        const data = field.data && JSON.parse(field.data);
        if (field.event === "reset") [revoked, lastId, freshUntil] = [{}, undefined, 0];
        if (field.event === "keys") await keys.reload().catch(() => {});
        if (field.event === "revoked") for (const row of data.rows) {
          const kind = (revoked[row.kind] ??= new Map());
          const { epoch = 0, until = 0 } = kind.get(row.key) ?? {}; // rows of one key may come in any order
          kind.set(row.key, { epoch: Math.max(row.epoch ?? 0, epoch), until: Math.max(row.until, until) });
        }
        // The first time is that of a read which began after we asked; later ones are placed from there (docs/decisions/0031).
        if (field.event === "time") [first, epoch, lastId, freshUntil] = [first ?? data.now, data.epoch, field.id, asked + data.now - (first ?? data.now) + 2000];
      }
    }
  } catch (error) { console.error(error.message); } finally { clearTimeout(silence); freshUntil = 0; }
  setTimeout(follow, 100 + Math.random() * 200);
}
follow();
setInterval(() => { // what is left of tokens that have all expired
  for (const kind of Object.values(revoked)) for (const [key, { until }] of kind) if (until < Date.now() - 60_000) kind.delete(key);
}, 60_000).unref();

async function introspect(token) { // while the copy may be old
  const response = await fetch(`${base}/connect/introspect`, { method: "POST", headers: { authorization }, body: new URLSearchParams({ token }), signal: AbortSignal.timeout(2000) });
  if (!response.ok) throw new Error(`introspection answered ${response.status}`);
  return (await response.json()).active;
}

createServer(async (request, response) => {
  const answer = (status, body, headers = {}) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const refuse = error => answer(401, { error }, { "www-authenticate": `Bearer realm="${issuer}"` + (token ? ', error="invalid_token"' : "") });
  if (!token) return refuse("no token");
  let claims, kid;
  try {
    const checked = await jwtVerify(token, keys, { issuer, audience, typ: "at+jwt", algorithms: ["ES256", "RS256"], requiredClaims: ["exp", "iat", "sub", "client_id", "jti"] });
    [claims, kid] = [checked.payload, checked.protectedHeader.kid];
    if (claims.cnf || claims.exp - claims.iat > 3600) return refuse("not a bearer token");
  } catch (error) { return refuse(error.code ?? "bad token"); }
  try {
    if (performance.now() < freshUntil ? isRevoked(claims, kid) : !(await introspect(token))) return refuse("revoked");
  } catch { return answer(503, { error: "nobody can tell" }, { "retry-after": "1" }); }
  if (!claims.scope?.split(" ").includes("users:self")) return answer(403, { error: "insufficient_scope" });
  answer(200, { customer: claims.sub, orders: ["a lamp", "two chairs"] });
}).listen(port, () => console.log(`Listening on http://localhost:${port}`));
