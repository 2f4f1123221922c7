"""Checks orgd access tokens as an application would: reads them, one a line, and prints who is behind each.

    python verify.py ISSUER JWKS_URL ORG_ID <TOKENS

Needs PyJWT 2.5 or later with its crypto extra: pip install "PyJWT[crypto]".
"""

import math
import sys
import time

import jwt


class Keys(jwt.PyJWKClient):
    """Fetches the key set when a token comes and the copy is five minutes old, or five seconds and the token names a key
    that is not in it; without this class each such token would have it fetched.

    Make it once and keep it as long as the application lives.
    """

    fetched = -math.inf

    def __init__(self, url: str):
        super().__init__(url, lifespan=300)

    def fetch_data(self):
        self.fetched = time.monotonic()
        return super().fetch_data()

    def get_jwk_set(self, refresh: bool = False):
        return super().get_jwk_set(refresh and time.monotonic() - self.fetched > 5)


def verify(keys: Keys, issuer: str, org_id: str, token: str) -> dict:
    """Accepts a token of one organization's members."""
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["ES256"],
        issuer=issuer,
        audience="orgd:org",
        options={"require": ["exp", "iat", "iss", "aud", "sub", "org_id"]},
    )
    if claims["org_id"] != org_id:
        raise jwt.InvalidTokenError("not a member of this organization")
    return claims


if __name__ == "__main__":
    issuer, url, org_id = sys.argv[1:]
    keys = Keys(url)
    for line in sys.stdin:
        try:
            claims = verify(keys, issuer, org_id, line.strip())
        except jwt.PyJWTError as err:
            print(f"refused: {str(err)!r}", flush=True)  # quoted, since it may repeat what a stranger sent
        else:
            print(claims["sub"], claims["role"], flush=True)
