package control

import "testing"

func TestOnlyTheOwnUserAndRoot(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		caller, server int
		ok             bool
	}{{1000, 1000, true}, {0, 1000, true}, {0, 0, true}, {1001, 1000, false}, {1000, 0, false}} {
		if err := checkUser(tc.caller, tc.server); (err == nil) != tc.ok {
			t.Errorf("user %d asks the server of user %d: %v", tc.caller, tc.server, err)
		}
	}
}
