package httpapi_test

import (
	"maps"
	"net/http"
	"testing"
)

// The quick way of GET /org/get and the general one give the same answers; an empty Content-Encoding takes the general one.
func TestQuickAndGeneralWayAgree(t *testing.T) {
	for _, settings := range [][]setting{nil, {membersOnly}} {
		w := newWorld(t, settings...)
		for i, name := range []string{"Acme", "O'Neil & \"Söhne\" <b>", "back\\slash", "line\u2028sep a", "日本 KK", "Emoji 😀 x"} {
			w.found(name, string(rune('a'+i))+"@acme.example")
		}
		for _, query := range []string{
			"organization_name=Acme", "organization_name=acme+", "organization_name=%41cme", "organization_name=Nobody", "organization_name=%07",
			"organization_name=", "organization_name", "", "organization_name=%zz", "organization_name=a&organization_name=a", "x=1",
			"organization_name=O%27Neil+%26+%22S%C3%B6hne%22+%3Cb%3E", "organization_name=back%5Cslash", "organization_name=line%E2%80%A8sep+a",
			"organization_name=%E6%97%A5%E6%9C%AC+KK", "organization_name=Emoji+%F0%9F%98%80+x", "organization_name=%ff", "organization_name=a%3Db",
			"organization_name=a=b", "organization_name=a;b",
		} {
			quick := w.get(t, "/org/get?"+query, "X-Request-Id", "same")
			general := w.get(t, "/org/get?"+query, "X-Request-Id", "same", "Content-Encoding", "")
			same := maps.EqualFunc(quick.header, general.header, func(a, b []string) bool { return a[0] == b[0] })
			if quick.status != general.status || string(quick.body) != string(general.body) || !same {
				t.Errorf("%s: %d %v %s, the general way %d %v %s", query, quick.status, quick.header, quick.body, general.status, general.header, general.body)
			}
			if query == "organization_name=Acme" && settings == nil {
				quick.want(t, http.StatusOK, nil)
			}
		}
	}
}
