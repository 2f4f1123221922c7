package archtest_test

import (
	"os"
	"testing"

	"github.com/orgd/orgd/internal/archtest"
)

// TestHouse judges this repository.
func TestHouse(t *testing.T) {
	t.Parallel()
	found, err := archtest.Check(os.DirFS("../.."), archtest.House)
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range found {
		t.Error(violation)
	}
}
