"""Checks an orgd access token as an application would, and prints who is behind it.

    python verify.py ISSUER JWKS_URL ORG_ID TOKEN

Needs PyJWT with its crypto extra: pip install "PyJWT[crypto]".
"""

import sys

import jwt


def verify(keys: jwt.PyJWKClient, issuer: str, org_id: str, token: str) -> dict:
    """Accepts a token of one organization's members.

    keys must live as long as the application: it keeps the key set for its lifespan and fetches it again when it meets
    an unknown key.
    """
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
    issuer, jwks_url, org_id, token = sys.argv[1:]
    try:
        claims = verify(jwt.PyJWKClient(jwks_url, lifespan=300), issuer, org_id, token)
    except jwt.PyJWTError as err:
        sys.exit(f"refused: {err}")
    print(claims["sub"], claims["role"])
