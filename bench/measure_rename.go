package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/bench/bulk"
)

// renames is how many a turn makes of each organization.
const renames = 5

// signIn returns an access token of the organization's owner.
func signIn(ctx context.Context, s *server, o bulk.Org) (string, error) {
	return tokenOf(ctx, s, map[string]string{"email": string(o.Email), "password": password})
}

// tokenOf logs somebody in.
func tokenOf(ctx context.Context, s *server, who map[string]string) (string, error) {
	body, err := json.Marshal(who)
	if err != nil {
		return "", err
	}
	status, answer, err := call(ctx, http.MethodPost, "http://"+s.addr+"/v1/auth/login", "", body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the login is answered with %d: %s", status, answer)
	}
	if err != nil {
		return "", err
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	return token.AccessToken, json.Unmarshal(answer, &token)
}

// renamer renames one organization again and again.
type renamer struct {
	server *server
	org    bulk.Org
	token  string
	n      int
}

// rename gives the organization the next name, with another slug.
func (r *renamer) rename(ctx context.Context) (time.Duration, error) {
	r.n++
	name := fmt.Sprintf("%s renamed %d", r.org.Name, r.n)
	body, err := json.Marshal(api.ChangeOrganization{Name: &name})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	status, answer, err := call(ctx, http.MethodPatch, "http://"+r.server.addr+"/v1/organizations/"+string(r.org.ID), r.token, body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the rename is answered with %d: %s", status, answer)
	}
	return time.Since(began), err
}

// turn makes a few renames and returns the median of their times.
func (r *renamer) turn(ctx context.Context) (turn, error) {
	var took []float64
	for range renames {
		d, err := r.rename(ctx)
		if err != nil {
			return turn{}, err
		}
		took = append(took, d.Seconds())
	}
	return turn{value: median(took)}, nil
}

// measureRename compares the rename of an organization with very many documents with that of one with ten.
func measureRename(ctx context.Context, b *bench) ([]row, error) {
	const few = 10
	in, err := b.fill(ctx, "rename", 2)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	err = errors.Join(in.AddFiles(in.Orgs...), in.AddDocuments(ctx, in.Orgs[0], b.docs), in.AddDocuments(ctx, in.Orgs[1], few))
	if err != nil {
		return nil, err
	}
	b.say("made %d documents in %v", b.docs, time.Since(began).Round(time.Millisecond))
	s, err := b.serve(ctx, "rename")
	if err != nil {
		return nil, err
	}
	all, err := b.renameBoth(ctx, s, in)
	if err := errors.Join(err, s.stop()); err != nil {
		return nil, err
	}
	what := fmt.Sprintf("rename of an organization with %d documents beside one with %d", b.docs, few)
	return []row{all.compare(what, value, inSeconds, atMost(2))}, nil
}

func (b *bench) renameBoth(ctx context.Context, s *server, in *bulk.Installation) (turns, error) {
	var both [2]renamer
	for i := range both {
		token, err := signIn(ctx, s, in.Orgs[i])
		if err != nil {
			return turns{}, err
		}
		both[i] = renamer{server: s, org: in.Orgs[i], token: token}
		if _, err := both[i].rename(ctx); err != nil { // the first one opens the tenant's file
			return turns{}, err
		}
	}
	return b.alternate(ctx, both[0].turn, both[1].turn)
}
