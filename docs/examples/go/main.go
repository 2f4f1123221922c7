// Command verify checks an orgd access token as an application would, and prints who is behind it.
//
//	verify ISSUER JWKS_URL ORG_ID TOKEN
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// Claims are the claims of a member's token.
type Claims struct {
	jwt.RegisteredClaims
	OrgID string `json:"org_id"`
	Role  string `json:"role"`
}

// Verify accepts a token of one organization's members. keys must live as long as the application: it fetches the key set
// once and again when it meets an unknown key.
func Verify(keys keyfunc.Keyfunc, issuer, orgID, token string) (*Claims, error) {
	claims := &Claims{}
	parsed, err := jwt.ParseWithClaims(token, claims, keys.Keyfunc,
		jwt.WithValidMethods([]string{"ES256"}),
		jwt.WithIssuer(issuer),
		jwt.WithAudience("orgd:org"),
		jwt.WithExpirationRequired(),
	)
	switch {
	case err != nil:
		return nil, err
	case parsed.Header["typ"] != "at+jwt":
		return nil, errors.New("not an access token")
	case claims.Subject == "" || claims.OrgID != orgID:
		return nil, errors.New("not a member of this organization")
	}
	return claims, nil
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: verify ISSUER JWKS_URL ORG_ID TOKEN")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{os.Args[2]})
	if err == nil {
		var claims *Claims
		if claims, err = Verify(keys, os.Args[1], os.Args[3], os.Args[4]); err == nil {
			fmt.Println(claims.Subject, claims.Role)
			return
		}
	}
	fmt.Fprintln(os.Stderr, "refused:", err)
	os.Exit(1)
}
