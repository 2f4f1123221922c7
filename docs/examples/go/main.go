// Command verify checks orgd access tokens as an application would: it reads them, one a line, and prints who is behind each.
//
//	verify ISSUER JWKS_URL ORG_ID <TOKENS
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// Claims are the claims of a member's token.
type Claims struct {
	jwt.RegisteredClaims
	OrgID string `json:"org_id"`
	Role  string `json:"role"`
}

// Keys fetches the key set, again every five minutes until ctx ends, and at once when a token names an unknown key, but for
// such tokens at most every five seconds. Make it once and keep it as long as the application lives.
func Keys(ctx context.Context, url string) (keyfunc.Keyfunc, error) {
	return keyfunc.NewDefaultOverrideCtx(ctx, []string{url}, keyfunc.Override{
		RefreshInterval:   5 * time.Minute,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(5*time.Second), 1),
		RateLimitWaitMax:  2 * time.Second, // how long such a token may wait for its turn and the answer
	})
}

// Verify accepts a token of one organization's members.
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
	if len(os.Args) != 4 {
		log.Fatal("usage: verify ISSUER JWKS_URL ORG_ID <TOKENS")
	}
	keys, err := Keys(context.Background(), os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	for tokens := bufio.NewScanner(os.Stdin); tokens.Scan(); {
		claims, err := Verify(keys, os.Args[1], os.Args[3], tokens.Text())
		if err != nil {
			fmt.Printf("refused: %q\n", err) // quoted, since it may repeat what a stranger sent
			continue
		}
		fmt.Println(claims.Subject, claims.Role)
	}
}
