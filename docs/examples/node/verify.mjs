// Checks orgd access tokens as an application would: reads them, one a line, and prints who is behind each.
//
//   node verify.mjs ISSUER JWKS_URL ORG_ID <TOKENS
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, jwtVerify } from 'jose'

// Fetches the key set when a token comes and the copy is five minutes old, or five seconds and the token names a key that
// is not in it. Make it once and keep it as long as the application lives.
export function keysAt(url) {
  return createRemoteJWKSet(new URL(url), { cacheMaxAge: 300_000, cooldownDuration: 5_000 })
}

// Accepts a token of one organization's members.
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

const [issuer, url, orgId] = process.argv.slice(2)
const keys = keysAt(url)
for await (const token of createInterface({ input: process.stdin })) {
  try {
    const claims = await verify(keys, issuer, orgId, token)
    console.log(claims.sub, claims.role)
  } catch (err) {
    console.log('refused:', JSON.stringify(err.message)) // quoted, since it may repeat what a stranger sent
  }
}
