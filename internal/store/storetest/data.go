package storetest

import (
	"strings"

	"github.com/orgd/orgd/internal/tenant"
)

func dataCases() []Case {
	return about("Documents",
		clause{name: "DataComesBackExactly", check: dataComesBackExactly},
		clause{name: "LargeDataComesBackExactly", check: largeDataComesBackExactly},
		clause{name: "UpdateReplacesTheWholeData", check: dataUpdateReplacesAll},
	)
}

// texts are documents in canonical form, each with something that a store may bend. The bytes of the numbers count.
var texts = map[string]string{
	"nothing":               `{}`,
	"every kind":            `{"array":[],"false":false,"n":1,"null":null,"object":{},"s":"","true":true}`,
	"int64":                 `{"max":9223372036854775807,"min":-9223372036854775808,"zero":0}`,
	"beyond a double":       `{"odd":9007199254740993,"list":[-9007199254740993,9007199254740992]}`,
	"beyond 32 bits":        `{"n":[2147483647,2147483648,-2147483648,-2147483649,4294967295,4294967296]}`,
	"floats":                `{"n":[0.1,1.5,-2.25,3.141592653589793,100.5,0.30000000000000004]}`,
	"float extremes":        `{"n":[1.7976931348623157e+308,-1.7976931348623157e+308,5e-324,2.2250738585072014e-308]}`,
	"floats that are whole": `{"n":[1.0,-1.0,100.0,9.007199254740992e+15,1e+20,1e+21,1e+300]}`,
	"minus zero":            `{"n":[-0.0,0.0,0]}`,
	"unicode":               "{\"grüße\":\"日本語 \U0001F469\u200D\U0001F467\",\"İ\":\"ı\",\"cafe\":\"café\",\"cafe\u0301\":\"NFD\"}",
	"private and last":      "{\"s\":\"\uE000\uFFFD\U0010FFFF\uFEFF\"}",
	"escapes":               `{"s":"quote \" backslash \\ slash / tab \t line \n return \r feed \f back \b unit \u001f delete ` + "\u007f" + `"}`,
	"line separators":       "{\"s\":\"a\u2028b\u2029c\"}",
	"markup":                `{"s":"<script>alert('&amp;')</script>"}`,
	"sql and bson":          `{"s":"'; DROP TABLE documents; --","type":{"oid":"65a1b2c3d4e5f60718293a4b"},"x":"{\"$ne\":null}"}`,
	"text like numbers":     `{"s":["1","1.0","1e3","true","null","2026-03-04T12:00:00Z","NaN"]}`,
	"names like ours":       `{"id":"x","version":99,"created_at":"never","data":{"_id":1,"_orgd":2},"org":"y","write_id":"z","__proto__":1}`,
	"names with signs":      `{" ":1,"a b":2,"a/b":3,"a\\b":4,"a\"b":5,"a$":6,"'":7,"[0]":8,"#":9,"a:b":10,"-":11}`,
	"names by case":         `{"A":1,"a":2,"À":3,"à":4}`,
	"a mixed array":         `{"a":[1,"1",1.0,null,true,[],{},[[[]]],{"a":[{"b":[]}]}]}`,
	"a name that repeats":   `{"a":{"a":{"a":{"a":{"a":{}}}}}}`,
	"deep objects":          strings.Repeat(`{"a":`, 31) + `{}` + strings.Repeat(`}`, 31),
	"deep arrays":           `{"a":` + strings.Repeat(`[`, 31) + strings.Repeat(`]`, 31) + `}`,
}

func dataComesBackExactly(d *desk) {
	place := d.home()
	for what, text := range texts {
		data, err := tenant.ParseData([]byte(text))
		if err != nil {
			d.Errorf("the case's text %q is not valid: %v", what, err)
			continue
		}
		id := tenant.DocumentID(token())
		given := newDocument(id)
		given.Data = data
		d.exact(d.write(place, given).Data, data, "insert", what)
		d.need(d.change(place.In(""), id, `{"other":1}`, 0), "update away")
		d.need(d.change(place.In(""), id, string(data), 0), "update back")
		got, err := d.Documents.Get(d.Context(), place.In(""), id)
		d.need(err, "get")
		d.exact(got.Data, data, "get", what)
		page, err := d.Documents.List(d.Context(), place.In(""), "", 1)
		d.need(err, "list")
		d.exact(page[0].Data, data, "list", what)
		d.stores(place, 1, len(data), "of one document with "+what)
		d.need(d.Documents.Delete(d.Context(), place.In(""), id, tenant.Revision{}), "delete")
		d.stores(place, 0, 0, "after the delete of a document with "+what)
	}
}

// exact complains unless the data is the same but for the order of members, and of the same length.
func (d *desk) exact(got, want tenant.Data, by, what string) {
	d.Helper()
	if string(sorted(got)) != string(sorted(want)) || len(got) != len(want) {
		d.Errorf("%s returns other data for %s:\n got %s\nwant %s", by, what, got, want)
	}
}

func largeDataComesBackExactly(d *desk) {
	place := d.home()
	given := newDocument("large")
	given.Data = tenant.Data(`{"a":"` + strings.Repeat("ü€😀 ", 60_000) + `","b":[` + strings.Repeat("1.5,", 5_000) + `0]}`)
	doc := d.write(place, given)
	got, err := d.Documents.Get(d.Context(), place.In(""), "large")
	d.need(err, "get")
	if string(sorted(got.Data)) != string(sorted(given.Data)) {
		d.Errorf("a document of %d bytes comes back as another one of %d", len(given.Data), len(got.Data))
	}
	d.stores(place, 1, len(doc.Data), "of a large document")
}

// What an update leaves out is gone, and so is what stood where a value is now.
func dataUpdateReplacesAll(d *desk) {
	place := d.home()
	d.write(place, newDocument("doc"))
	for _, text := range []string{`{"a":{"b":1,"c":2}}`, `{"a":{"b":1}}`, `{"a":1}`, `{"a":[{"b":1}]}`, `{"b":null}`, `{}`, `{"a":1}`} {
		d.need(d.change(place.In(""), "doc", text, 0), "update to %s", text)
		got, err := d.Documents.Get(d.Context(), place.In(""), "doc")
		d.need(err, "get")
		d.exact(got.Data, tenant.Data(text), "get after an update", text)
	}
}
