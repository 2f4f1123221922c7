package orgs

import (
	"errors"
	"strings"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// fields collects what is wrong with each field of an input.
type fields struct {
	list  []tenant.FieldError
	other error
}

func (f *fields) add(err error) {
	var e *tenant.Error
	if err == nil {
		return
	}
	if errors.As(err, &e) && e.Code == tenant.CodeInvalid {
		f.list = append(f.list, e.Fields...)
		return
	}
	f.other = errors.Join(f.other, err)
}

func (f *fields) err() error {
	if f.other != nil || len(f.list) == 0 {
		return f.other
	}
	sentences := make([]string, len(f.list))
	for i, field := range f.list {
		sentences[i] = field.Message
	}
	return &tenant.Error{Code: tenant.CodeInvalid, Message: strings.Join(sentences, "; "), Fields: f.list}
}

// taken is the refusal for a claim that somebody holds.
func taken(claim tenant.Claim) error { return &store.ClaimError{Claim: claim} }
