package passwords

import (
	"strings"
	"testing"
)

// TestCommonList holds the list to what Check relies on: 3,000 entries at least.
func TestCommonList(t *testing.T) {
	words := strings.Split(strings.TrimSuffix(commonText, "\n"), "\n")
	if len(words) < 3000 || len(words) != len(common()) {
		t.Fatalf("%d lines, %d different", len(words), len(common()))
	}
	for _, word := range words {
		if len(word) < DefaultMin || word != strings.ToLower(word) || usable(word) != nil || strings.TrimSpace(word) != word {
			t.Errorf("%q can never be found", word)
		}
		if err := (Policy{CheckCommon: true}).Check(strings.ToUpper(word), Context{}); err == nil {
			t.Errorf("%q passes", word)
		}
	}
	if words[0] != "password" {
		t.Errorf("the list begins with %q: commonest first", words[0])
	}
}
