package tokens_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

func TestReseal(t *testing.T) {
	t.Parallel()
	mine, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	open := tenant.Key{ID: "k", Purpose: tenant.KeyMAC, Material: []byte("secret"), Version: 3}
	sealed, err := tokens.Reseal(open, mine)
	if err != nil || !sealed.Sealed || bytes.Contains(sealed.Material, open.Material) || sealed.Version != 3 {
		t.Fatalf("sealed it is %+v (%v)", sealed, err)
	}
	revoked := sealed
	revoked.RevokedAt = time.Unix(1, 0)
	for name, c := range map[string]struct {
		key     tenant.Key
		keyFile []byte
		refused bool
	}{
		"sealed already":               {sealed, mine, false},
		"sealed under another file":    {sealed, other, true},
		"sealed, and no file":          {sealed, nil, true},
		"not sealed, and no file":      {open, nil, false},
		"revoked, and of another file": {revoked, other, false},
		"revoked, and no file":         {revoked, nil, false},
		"a file that is none":          {open, []byte("short"), true},
	} {
		got, err := tokens.Reseal(c.key, c.keyFile)
		if (err != nil) != c.refused {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && !bytes.Equal(got.Material, c.key.Material) {
			t.Errorf("%s: the key changed", name)
		}
	}
}
