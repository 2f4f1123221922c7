package httpapi

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the page and its script
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/swaggest/swgui/v5/static"
)

// docsPolicy allows what Swagger UI needs and no more: its script, its style, its images, and calls of this API.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// Our own page: the one that comes with Swagger UI has script and style inside, which the policy forbids.
var (
	//go:embed docs/index.html
	docsPage []byte
	//go:embed docs/init.js
	docsScript []byte
	//go:embed docs/page.css
	docsStyle []byte
)

// docsFile is one file under /docs. Files of Swagger UI are packed.
type docsFile struct {
	media  string
	own    []byte
	packed string
}

var docsFiles = map[string]docsFile{
	"":                     {media: "text/html; charset=utf-8", own: docsPage},
	"init.js":              {media: "text/javascript; charset=utf-8", own: docsScript},
	"page.css":             {media: "text/css; charset=utf-8", own: docsStyle},
	"swagger-ui.css":       {media: "text/css; charset=utf-8", packed: "swagger-ui.css.gz"},
	"swagger-ui-bundle.js": {media: "text/javascript; charset=utf-8", packed: "swagger-ui-bundle.js.gz"},
}

// serveDocs serves the page and its files, all of them from this binary.
func (s *Server) serveDocs(x *exchange, r *http.Request) {
	file, ok := docsFiles[r.PathValue("file")]
	if !ok {
		s.refuse(x, noSuchRoute())
		return
	}
	body, packed, err := file.read(strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"))
	if err != nil {
		s.refuse(x, err)
		return
	}
	h := x.Header()
	h.Set("Content-Security-Policy", docsPolicy)
	h.Set("Content-Type", file.media)
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Encoding")
	if packed {
		h.Set("Content-Encoding", "gzip")
	}
	_, _ = x.Write(body)
}

// read returns the file's content, packed if it is and the client unpacks.
func (f docsFile) read(unpacks bool) (body []byte, packed bool, err error) {
	if f.packed == "" {
		return f.own, false, nil
	}
	body, err = fs.ReadFile(static.FS, f.packed)
	if err != nil || unpacks {
		return body, unpacks, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, false, fmt.Errorf("unpack %s: %w", f.packed, err)
	}
	const largest = 16 << 20
	body, err = io.ReadAll(io.LimitReader(unpacked, largest))
	return body, false, err
}
