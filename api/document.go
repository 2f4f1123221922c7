package api

import (
	"encoding/json"
	"time"
)

// Document is one document of an organization, with orgd's bookkeeping beside it.
type Document struct {
	ID        string          `json:"id" doc:"Names it within its collection." example:"0192f0c1-9b10-7d21-8c3b-5e2f1a0b9c8d"`
	Version   int64           `json:"version" doc:"1 when the document is created; rises with every change. The ETag tells created_at too." example:"1"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	Data      json.RawMessage `json:"data" doc:"The document as it was sent; the order of its members is not promised."`
}

// DocumentPage is one page of a list of documents, in ascending order of their ids.
type DocumentPage struct {
	Items      []Document `json:"items"`
	NextCursor string     `json:"next_cursor,omitempty" doc:"The cursor of the next page; missing on the last one."`
}
