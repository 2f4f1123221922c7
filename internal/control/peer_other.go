//go:build !linux

package control

import "net"

// checkPeer leaves it to the modes of the socket and its folder, which let in nobody but the server's own user and root.
func checkPeer(*net.UnixConn) error { return nil }
