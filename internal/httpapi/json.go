package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/strictjson"
)

// jsonFormat is how bodies are read and written on every route: the strict decoder in, plain encoding out.
var jsonFormat = huma.Format{Marshal: marshalJSON, Unmarshal: strictjson.Unmarshal}

// maxPooled is the largest buffer that is kept for the next answer.
const maxPooled = 64 << 10

var buffers = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 1024)) }}

func takeBuffer() *bytes.Buffer {
	buf, ok := buffers.Get().(*bytes.Buffer)
	if !ok {
		return new(bytes.Buffer)
	}
	return buf
}

func giveBack(buf *bytes.Buffer) {
	if buf.Cap() <= maxPooled {
		buf.Reset()
		buffers.Put(buf)
	}
}

// marshalJSON encodes first and writes afterwards, in one piece, so that a value that cannot be encoded is an error and
// not half an answer. That the client is gone is no error: there is nobody to tell.
func marshalJSON(w io.Writer, v any) error {
	buf := takeBuffer()
	defer giveBack(buf)
	switch v := v.(type) {
	case api.Document:
		_, _ = w.Write(append(appendDocument(buf.AvailableBuffer(), &v), '\n'))
		return nil
	case api.DocumentPage:
		_, _ = w.Write(append(appendPage(buf.AvailableBuffer(), &v), '\n'))
		return nil
	}
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, _ = w.Write(buf.Bytes())
	return nil
}

// writeJSON writes a value of which it is known that it can be encoded.
func writeJSON(w io.Writer, v any) {
	if err := marshalJSON(w, v); err != nil {
		panic(err)
	}
}
