package tenant

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendCanonical appends the document in a form that is the same on every backend: each field with its length, in the order of
// the struct, times in milliseconds, data with its members in order of their names, since no backend promises one. Numbers and
// text stand as [ParseData] leaves them.
func (d *Document) AppendCanonical(out []byte) ([]byte, error) {
	data := append(jsontext.Value(nil), d.Data...)
	// Names that occur twice are another application's, and count as they stand.
	err := data.Format(jsontext.ReorderRawObjects(true), jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true))
	if err != nil {
		return out, fmt.Errorf("put the members of document %s in order: %w", d.ID, err)
	}
	out = appendPart(out, string(d.ID))
	out = binary.AppendVarint(out, d.Version)
	out = binary.AppendVarint(out, Millis(d.CreatedAt).UnixMilli())
	out = binary.AppendVarint(out, Millis(d.UpdatedAt).UnixMilli())
	out = appendPart(out, d.WriteID)
	return appendPart(out, string(data)), nil
}

func appendPart(out []byte, part string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(part))), part...)
}

// DocumentsDigest is a SHA-256 over documents in their order, and their number: equal for the same documents, on whatever backends
// they lie. The zero value is that of none.
type DocumentsDigest struct {
	// Documents and Bytes are how many there are, and the sum of their data.
	Documents, Bytes int64

	sum    hash.Hash
	buffer []byte
}

// Add counts one more document.
func (g *DocumentsDigest) Add(d *Document) (err error) {
	if g.buffer, err = d.AppendCanonical(g.buffer[:0]); err != nil {
		return err
	}
	if g.sum == nil {
		g.sum = sha256.New()
	}
	_, _ = g.sum.Write(g.buffer)
	g.Documents++
	g.Bytes += int64(len(d.Data))
	return nil
}

// Equal reports whether both counted the same documents.
func (g *DocumentsDigest) Equal(other *DocumentsDigest) bool {
	return g.Documents == other.Documents && g.Bytes == other.Bytes && string(g.Sum()) == string(other.Sum())
}

// Sum returns the hash.
func (g *DocumentsDigest) Sum() []byte {
	if g.sum == nil {
		g.sum = sha256.New()
	}
	return g.sum.Sum(nil)
}
