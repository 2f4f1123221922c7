package storetest_test

import (
	"context"
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// Every method of the contract goes through the wrapper, and under its own name. There is nothing behind the wrapper here,
// so a method that was passed on to an embedded store would panic.
func TestInterceptTakesEveryMethod(t *testing.T) {
	t.Parallel()
	refusal := tenant.Errorf(tenant.CodeUnavailable, "the test refuses")
	var seen []string
	s := storetest.Intercept(store.Store{}, func(_ context.Context, method string, _ func() error) error {
		seen = append(seen, method)
		return refusal
	})
	for name, call := range methodsOf(reflect.ValueOf(s), "") {
		results := call.Call(zeroArguments(t.Context(), call.Type()))
		last := len(results) - 1
		if got := results[last].Interface(); got != refusal {
			t.Errorf("%s returns %v, want the wrapper's answer", name, got)
		}
		for _, value := range results[:last] {
			if !value.IsZero() {
				t.Errorf("%s returns %v beside an error", name, value)
			}
		}
	}
	if want := storetest.Methods(); !slices.Equal(seen, want) {
		t.Errorf("the wrapper saw\n%v, want\n%v", seen, want)
	}
}

// methodsOf yields the methods of a store by the names of the fields that lead to them.
func methodsOf(nouns reflect.Value, prefix string) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for field, noun := range nouns.Fields() {
			if noun.Kind() == reflect.Struct {
				for name, call := range methodsOf(noun, prefix+field.Name+".") {
					if !yield(name, call) {
						return
					}
				}
				continue
			}
			for method, call := range noun.Methods() {
				if !yield(prefix+field.Name+"."+method.Name, call) {
					return
				}
			}
		}
	}
}

// zeroArguments are arguments for a function whose first parameter is a context.
func zeroArguments(ctx context.Context, f reflect.Type) []reflect.Value {
	args := []reflect.Value{reflect.ValueOf(ctx)}
	for in := range f.Ins() {
		args = append(args, reflect.Zero(in))
	}
	return slices.Delete(args, 1, 2)
}

func TestInterceptPassesValuesOn(t *testing.T) {
	t.Parallel()
	org := tenant.Organization{ID: "o", Name: "Acme"}
	s := storetest.Intercept(store.Store{Orgs: oneOrg{org: org}}, func(_ context.Context, _ string, call func() error) error {
		return call()
	})
	got, err := s.Orgs.Get(t.Context(), "o")
	if err != nil || !reflect.DeepEqual(got, org) {
		t.Errorf("got %+v, %v, want %+v", got, err, org)
	}
}

// oneOrg answers every Get with one organization.
type oneOrg struct {
	store.Orgs
	org tenant.Organization
}

func (o oneOrg) Get(context.Context, tenant.OrgID) (tenant.Organization, error) { return o.org, nil }

// What the suite takes for a read is a method of the contract, and leaves no trail.
func TestReadsAreMethodsWithoutTrail(t *testing.T) {
	t.Parallel()
	var reads []string
	for name, call := range methodsOf(reflect.ValueOf(storetest.Intercept(store.Store{}, nil)), "") {
		if !storetest.Reads(name) {
			continue
		}
		reads = append(reads, name)
		for in := range call.Type().Ins() {
			if in == reflect.TypeFor[tenant.Trail]() {
				t.Errorf("%s counts as a read and takes a trail", name)
			}
		}
	}
	want := []string{
		"Orgs.Count", "Orgs.Find", "Orgs.Get", "Orgs.List", "Users.FindByEmail", "Users.Get", "Users.Members",
		"Operators.FindByEmail", "Operators.Get", "Operators.List", "Sessions.Get", "Keys.List", "Documents.Get",
		"Documents.List", "Documents.Usage", "Audit.List", "Instances.List",
		"Transfer.Orgs.Scan", "Transfer.Users.Scan", "Transfer.Operators.Scan", "Transfer.Sessions.Scan", "Transfer.Keys.Scan",
		"Transfer.Idempotency.Scan", "Transfer.Audit.Scan", "Transfer.Homes.All", "Transfer.Homes.Scan", "Transfer.Standing.Get",
		"Health.Ping",
	}
	if !slices.Equal(reads, want) {
		t.Errorf("the reads are\n%v, want\n%v: a new one belongs in this list if it changes nothing", reads, want)
	}
}
