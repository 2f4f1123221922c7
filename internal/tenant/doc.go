// Package tenant is the vocabulary of orgd: organizations, the people in them, the places of their data, their documents
// and what the audit log remembers. Every other room speaks these words.
//
// The rules here are true of the value alone: none needs a clock, a store or a caller. A value that was made by one of the
// Parse functions is valid and stays so; code that holds one never checks again.
package tenant
