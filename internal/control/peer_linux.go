package control

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// checkPeer refuses everybody but the server's own user and root. The socket's mode says the same; this holds also where
// somebody widened it.
func checkPeer(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	var sockErr error
	if err := raw.Control(func(fd uintptr) {
		peer, sockErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return err
	}
	if sockErr != nil {
		return fmt.Errorf("ask who is calling: %w", sockErr)
	}
	return checkUser(int(peer.Uid), os.Getuid())
}

func checkUser(caller, server int) error {
	if caller != 0 && caller != server {
		return fmt.Errorf("administration commands are taken from the server's own user and root only, not from user %d", caller)
	}
	return nil
}
