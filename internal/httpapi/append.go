package httpapi

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/tenant"
)

// The JSON of the commonest answers, written by hand: encoding/json would read a document's text once more to check and
// compact what tenant.ParseData has made, at fifteen times the cost for 1 MiB. A test compares each with encoding/json.

// appendPublic appends the JSON of publicView.
func appendPublic(b []byte, org *tenant.Organization) []byte {
	b = appendMember(b, `{"id":`, string(org.ID))
	b = appendMember(b, `,"organization_name":`, string(org.Name))
	b = appendMember(b, `,"slug":`, string(org.Slug))
	b = appendMember(b, `,"collection_name":`, org.Placement.Namespace)
	b = appendMember(b, `,"state":`, string(org.State))
	b = append(b, `,"created_at":"`...)
	b = org.CreatedAt.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","updated_at":"`...)
	b = org.UpdatedAt.AppendFormat(b, time.RFC3339Nano)
	return append(b, "\"}\n"...)
}

func appendMember(b []byte, name, value string) []byte {
	b = append(b, name...)
	quoted, err := jsontext.AppendQuote(b, value)
	if err != nil {
		panic(err) // only for text that is no UTF-8, which no organization has
	}
	return quoted
}

// appendDocument appends the JSON of a document, whose text is JSON already.
func appendDocument(b []byte, doc *api.Document) []byte {
	b = appendMember(b, `{"id":`, doc.ID)
	b = append(b, `,"version":`...)
	b = strconv.AppendInt(b, doc.Version, 10)
	b = append(b, `,"created_at":"`...)
	b = doc.CreatedAt.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","updated_at":"`...)
	b = doc.UpdatedAt.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","data":`...)
	b = append(b, doc.Data...)
	return append(b, '}')
}

// appendPage appends the JSON of a page of documents.
func appendPage(b []byte, page *api.DocumentPage) []byte {
	b = append(b, `{"items":[`...)
	for i := range page.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendDocument(b, &page.Items[i])
	}
	b = append(b, ']')
	if page.NextCursor != "" {
		b = appendMember(b, `,"next_cursor":`, page.NextCursor)
	}
	return append(b, '}')
}
