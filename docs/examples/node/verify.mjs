// Checks an orgd access token as an application would, and prints who is behind it.
//
//   node verify.mjs ISSUER JWKS_URL ORG_ID TOKEN
import { createRemoteJWKSet, jwtVerify } from 'jose'

// Accepts a token of one organization's members. keys must live as long as the application: it fetches the key set once
// and again when it meets an unknown key, at most every 30 seconds.
export async function verify(keys, issuer, orgId, token) {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['ES256'],
    typ: 'at+jwt',
    issuer,
    audience: 'orgd:org',
    requiredClaims: ['exp', 'sub', 'org_id'],
  })
  if (payload.org_id !== orgId) throw new Error('not a member of this organization')
  return payload
}

const [issuer, jwks, orgId, token] = process.argv.slice(2)
try {
  const keys = createRemoteJWKSet(new URL(jwks), { cacheMaxAge: 300_000 })
  const claims = await verify(keys, issuer, orgId, token)
  console.log(claims.sub, claims.role)
} catch (err) {
  console.error('refused:', err.message)
  process.exit(1)
}
