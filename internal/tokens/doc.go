// Package tokens owns the server's secrets and what they make: signing keys and the key set that is published of them,
// access tokens, and the HMACs of everything that must not lie in clear. internal/authn mints, verifies, rotates and
// revokes; the other rooms take [Keyring.MAC] alone.
//
// The invariant: a token is good only under a key that the store held, not revoked, less than [MaxAge] before the question.
// A store that does not answer is CodeUnavailable, never a stale yes.
//
// # Keys
//
// A signing key is published at once and signs [PublishAhead] later, so that every key set cached for [JWKSMaxAge] knows it
// before its first token. The youngest key whose time has come signs; the one before it verifies until its last token is
// dead. The very first key signs at once, for nobody can hold an older set. With a key file every secret lies sealed in the
// store by AES-256-GCM with the key's id as associated data.
//
// # Tokens
//
// Access tokens are JWTs of RFC 9068 (typ at+jwt), signed with ES256 and nothing else. The header of such a token is one of
// a handful of strings, one per key. So [Minter.Verify] parses no header: it looks the whole text up among those strings.
// "none", HS256, another typ, jku, jwk, x5u, x5c, crit, a second spelling of the same JSON: all are simply not among them
// (RFC 8725 sections 3.1, 3.5, 3.10 and 3.11). Claims are decoded after the signature was found good.
//
// # Why golang-jwt
//
// One token of 747 bytes on one core where ecdsa.VerifyASN1 alone takes 70 µs, claims decoded, typ and headers checked:
//
//	                                       time     memory   allocations
//	golang-jwt v5.3, as Verify uses it     79 µs    4.3 KB       64
//	golang-jwt v5.3, its Parser            82 µs    6.0 KB       88
//	lestrrat-go/jwx v3.4, typ read apart  120 µs   19.0 KB      445
//
// A program with nothing but golang-jwt has 3.7 MB and one package of another module, with jwx 8.7 MB and 41 of seven. What
// is left of a fresh verification is the curve, of a remembered one a SHA-256: 0.9 µs and no allocation (BenchmarkVerify).
package tokens
