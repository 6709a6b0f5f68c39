// Validates an access token as a resource server in another language would: node verify.mjs JWKS_URL ISSUER TOKEN [AUDIENCE]
// Without AUDIENCE the issuer's own API is expected.
import { createRemoteJWKSet, jwtVerify } from "jose";

const [jwks, issuer, token, audience = issuer] = process.argv.slice(2);
const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks)), {
  issuer,
  audience,
  typ: "at+jwt", // RFC 9068 §4
  algorithms: ["ES256", "RS256", "PS256"],
  requiredClaims: ["exp", "iat", "sub", "client_id", "jti"], // RFC 9068 §2.2
});
console.log(protectedHeader.alg, protectedHeader.kid, payload.sub, payload.aud);
