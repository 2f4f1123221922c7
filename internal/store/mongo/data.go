package mongo

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/orgd/orgd/internal/tenant"
)

// A tenant's data is canonical JSON on this side of the store and BSON on the other. Integers become int32 where they fit
// and int64 elsewhere, other numbers doubles: so an integer stays one, and what applications see is what their drivers
// would have written. What JSON cannot say, but an application may have stored (dates, decimals, binary), is shown as
// canonical MongoDB Extended JSON, and becomes again what it was on the way back.

// field is one member of a tenant's document.
type field struct {
	name  string
	value bson.RawValue
}

// toBSON returns the members of a new document.
func toBSON(data tenant.Data) (fields []field, err error) { return overBSON(data, nil) }

// overBSON returns the members of a document that takes the place of a stored one. What shows alike in both, however deep it
// lies, is the stored value, of whatever type and in whatever order.
func overBSON(data tenant.Data, old bson.Raw) ([]field, error) {
	return reader{Decoder: jsontext.NewDecoder(bytes.NewBuffer(data))}.fields(old)
}

// shownBSON returns the members of a document that was read, here or from another store, and whose data is as it was shown: so
// an application may have put anything into it.
func shownBSON(data tenant.Data) ([]field, error) {
	return reader{jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true)), true}.fields(nil)
}

// reader reads data.
type reader struct {
	*jsontext.Decoder
	// shown says that the data is as it was shown. An object that begins with a name like those of Extended JSON, and is none that
	// would be shown like that, is then an object that an application has stored.
	shown bool
}

// fields reads the members of a document.
func (in reader) fields(old bson.Raw) (fields []field, err error) {
	if _, err := in.ReadToken(); err != nil { // the brace
		return nil, err
	}
	stored := members(old)
	for in.PeekKind() != '}' {
		name, err := in.ReadToken()
		if err != nil {
			return nil, err
		}
		f := field{name: name.String()}
		if f.value, err = readValue(in, stored[f.name]); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// members returns the members of a stored object by their names.
func members(raw bson.Raw) map[string]bson.RawValue {
	list := elements(raw)
	named := make(map[string]bson.RawValue, len(list))
	for _, el := range list {
		named[el.Key()] = el.Value()
	}
	return named
}

// readValue reads one JSON value over a stored one, whose type is zero if there is none.
func readValue(in reader, old bson.RawValue) (v bson.RawValue, err error) {
	token, err := in.ReadToken()
	if err != nil {
		return v, err
	}
	switch token.Kind() {
	case '{':
		return readObject(in, old)
	case '[':
		return readArray(in, old)
	case '"':
		v = bson.RawValue{Type: bson.TypeString, Value: bsoncore.AppendString(nil, token.String())}
	case '0':
		v, err = number(token.String())
	case 't', 'f':
		v = bson.RawValue{Type: bson.TypeBoolean, Value: bsoncore.AppendBoolean(nil, token.Bool())}
	case 'n':
		v = bson.RawValue{Type: bson.TypeNull}
	default:
		return v, errors.New("a checked text ends in the middle")
	}
	if old.Type != 0 && alike(old, v) {
		return old, err
	}
	return v, err
}

// number keeps an integer an integer and everything else a double, in the words of [tenant.ParseData].
func number(s string) (bson.RawValue, error) {
	if strings.ContainsAny(s, ".e") {
		f, err := strconv.ParseFloat(s, 64)
		return bson.RawValue{Type: bson.TypeDouble, Value: bsoncore.AppendDouble(nil, f)}, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if n < math.MinInt32 || n > math.MaxInt32 {
		return bson.RawValue{Type: bson.TypeInt64, Value: bsoncore.AppendInt64(nil, n)}, err
	}
	return bson.RawValue{Type: bson.TypeInt32, Value: bsoncore.AppendInt32(nil, int32(n))}, err
}

// readObject reads the rest of an object. One whose first member begins with a dollar sign is Extended JSON: no caller may
// send such a name, so it was shown to one. Unless an object was shown, in which an application has such a name.
func readObject(in reader, old bson.RawValue) (v bson.RawValue, err error) {
	var stored map[string]bson.RawValue
	wasObject := old.Type == bson.TypeEmbeddedDocument
	if wasObject {
		stored = members(old.Document())
	}
	count, same := 0, wasObject
	start, out := bsoncore.AppendDocumentStart(nil)
	for ; in.PeekKind() != '}'; count++ {
		name, err := in.ReadToken()
		if err != nil {
			return v, err
		}
		key := name.String()
		if count == 0 && !wasObject && strings.HasPrefix(key, "$") {
			return readExtended(in, key)
		}
		member, err := readValue(in, stored[key])
		if err != nil {
			return v, err
		}
		same = same && identical(member, stored[key])
		out = bsoncore.AppendValueElement(out, key, bsoncore.Value{Type: bsoncore.Type(member.Type), Data: member.Value})
	}
	if _, err := in.ReadToken(); err != nil {
		return v, err
	}
	if same && count == len(stored) {
		return old, nil
	}
	out, err = bsoncore.AppendDocumentEnd(out, start)
	return bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: out}, err
}

// identical reports whether two values are stored alike.
func identical(a, b bson.RawValue) bool { return a.Type == b.Type && bytes.Equal(a.Value, b.Value) }

// readExtended reads the rest of an object of Extended JSON after its first name.
func readExtended(in reader, name string) (v bson.RawValue, err error) {
	text := []byte(`{"v":{`)
	for {
		if text, err = jsontext.AppendQuote(text, name); err != nil {
			return v, err
		}
		value, err := in.ReadValue()
		if err != nil {
			return v, err
		}
		text = append(append(text, ':'), value...)
		token, err := in.ReadToken()
		if err != nil {
			return v, err
		}
		if token.Kind() == '}' {
			break
		}
		name, text = token.String(), append(text, ',')
	}
	var d struct {
		V bson.RawValue `bson:"v"`
	}
	text = append(text, '}', '}')
	err = bson.UnmarshalExtJSON(text, true, &d)
	if in.shown && (err != nil || !showsAs(d.V, text)) {
		return readStored(text)
	}
	if err != nil {
		return v, tenant.Invalid("body", "extended_json", "a member that begins with $ is no value of MongoDB Extended JSON")
	}
	return d.V, nil
}

// showsAs reports whether a value is shown as the member v of a text.
func showsAs(v bson.RawValue, text jsontext.Value) bool {
	shown, err := appendValue([]byte(`{"v":`), v)
	if err != nil {
		return false
	}
	left, right := jsontext.Value(append(shown, '}')), text.Clone()
	err = errors.Join(left.Compact(jsontext.AllowDuplicateNames(true)), right.Compact(jsontext.AllowDuplicateNames(true)))
	return err == nil && bytes.Equal(left, right)
}

// readStored reads the member v of a text, an object whose first member's name means nothing.
func readStored(text jsontext.Value) (bson.RawValue, error) {
	in := reader{jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true)), true}
	for range 3 { // the brace, the name, the brace
		if _, err := in.ReadToken(); err != nil {
			return bson.RawValue{}, err
		}
	}
	return readObject(in, bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: emptyObject})
}

var emptyObject = bsoncore.NewDocumentBuilder().Build()

// readArray reads the rest of an array.
func readArray(in reader, old bson.RawValue) (v bson.RawValue, err error) {
	var stored []bson.RawValue
	if old.Type == bson.TypeArray {
		if stored, err = old.Array().Values(); err != nil {
			return v, err
		}
	}
	start, out := bsoncore.AppendArrayStart(nil)
	for i := 0; in.PeekKind() != ']'; i++ {
		var before bson.RawValue
		if i < len(stored) {
			before = stored[i]
		}
		member, err := readValue(in, before)
		if err != nil {
			return v, err
		}
		out = bsoncore.AppendValueElement(out, strconv.Itoa(i), bsoncore.Value{Type: bsoncore.Type(member.Type), Data: member.Value})
	}
	if _, err := in.ReadToken(); err != nil {
		return v, err
	}
	out, err = bsoncore.AppendArrayEnd(out, start)
	return bson.RawValue{Type: bson.TypeArray, Value: out}, err
}

// toJSON returns the data of a document: its elements but those that are orgd's own.
func toJSON(raw bson.Raw) (tenant.Data, error) {
	list, err := raw.Elements()
	if err != nil {
		return nil, err
	}
	out := []byte{'{'}
	for _, el := range list {
		if key := el.Key(); key != "_id" && key != fieldOrgd {
			if out, err = appendMember(out, key, el.Value()); err != nil {
				return nil, err
			}
		}
	}
	return append(out, '}'), nil
}

func appendMember(out []byte, key string, v bson.RawValue) ([]byte, error) {
	if out[len(out)-1] != '{' {
		out = append(out, ',')
	}
	out, err := appendText(out, key)
	if err != nil {
		return nil, err
	}
	return appendValue(append(out, ':'), v)
}

// appendText appends a string. An application may have stored one that is no Unicode, which shows with U+FFFD.
func appendText(out []byte, s string) ([]byte, error) {
	return jsontext.AppendQuote(out, strings.ToValidUTF8(s, "\uFFFD"))
}

// appendValue appends a value as JSON.
func appendValue(out []byte, v bson.RawValue) ([]byte, error) {
	switch v.Type {
	case bson.TypeString:
		return appendText(out, v.StringValue())
	case bson.TypeInt32, bson.TypeInt64:
		return strconv.AppendInt(out, v.AsInt64(), 10), nil
	case bson.TypeDouble:
		if f := v.Double(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return appendDouble(out, f), nil
		}
	case bson.TypeBoolean:
		return strconv.AppendBool(out, v.Boolean()), nil
	case bson.TypeNull:
		return append(out, "null"...), nil
	case bson.TypeEmbeddedDocument:
		return appendObject(out, v.Document())
	case bson.TypeArray:
		return appendArray(out, v.Array())
	}
	return append(out, v.String()...), nil // Extended JSON
}

// appendDouble writes a float in the shortest form that reads back to it and does not look like an integer.
func appendDouble(out []byte, f float64) []byte {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return append(out, text...)
}

func appendObject(out []byte, raw bson.Raw) ([]byte, error) {
	list, err := raw.Elements()
	out = append(out, '{')
	for _, el := range list {
		if err == nil {
			out, err = appendMember(out, el.Key(), el.Value())
		}
	}
	return append(out, '}'), err
}

func appendArray(out []byte, raw bson.RawArray) ([]byte, error) {
	list, err := raw.Values()
	out = append(out, '[')
	for i, v := range list {
		if i > 0 {
			out = append(out, ',')
		}
		if err == nil {
			out, err = appendValue(out, v)
		}
	}
	return append(out, ']'), err
}
