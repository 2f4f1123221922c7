// Package credentials is the one place where a password is checked against an account, and where a new one is accepted.
package credentials

import "context"

// Credentials checks and accepts passwords.
type Credentials struct{}

// Attempt is a password offered for an account.
type Attempt struct {
	// Account names the account for throttling, such as "member:<id>"; for an unknown one, what was asked for.
	Account string
	// Prefix is the part of the client's address that counts.
	Prefix string
	// Hash is the account's; "" for an unknown account, which costs the same.
	Hash     string
	Password string
}

// Result is how an attempt ended.
type Result struct {
	OK bool
	// NeedsRehash says that the stored hash is cheaper than new ones are.
	NeedsRehash bool
}

// Check counts the attempt, compares, and gives the count back if the password is right.
func (c *Credentials) Check(ctx context.Context, attempt Attempt) (Result, error) {
	return Result{}, nil
}
