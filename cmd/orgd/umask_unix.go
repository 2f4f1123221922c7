//go:build unix

package main

import "syscall"

// keepFilesPrivate makes every file and folder of this process its user's alone, whatever mode it is created with.
func keepFilesPrivate() { syscall.Umask(0o077) }
