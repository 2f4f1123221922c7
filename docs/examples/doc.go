// Package examples holds programs that verify orgd's tokens as other services would, in folders of their own; its tests run
// them against a real server and compare them with docs/verify-tokens.md, which shows them.
package examples
