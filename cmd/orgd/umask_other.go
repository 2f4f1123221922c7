//go:build !unix

package main

// keepFilesPrivate has nothing to do where files inherit who may read them from their folder.
func keepFilesPrivate() {}
