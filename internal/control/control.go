// Package control owns the socket in the data folder through which administration commands reach the server that serves
// the folder. Only the commands use it.
//
// A conversation is one request, as one line of JSON, and frames of JSON in answer, the last of which says how the command
// ended. The invariants: nobody but the server's own user and root is listened to; a command ends when its client goes
// away or the server stops; and neither a silent nor a stalled client holds anything for longer than the limits below.
package control

import (
	"encoding/json"
	"errors"
	"io"
	"time"
)

// socketName is the socket's name in the data folder.
const socketName = "control.sock"

const (
	// maxRequest bounds the request's line.
	maxRequest = 64 << 10
	// maxText bounds the text of one frame.
	maxText = 16 << 10
)

// limits bound what clients can hold of a server.
type limits struct {
	// request is how long a client may take to send its request, frame how long to take one frame.
	request, frame time.Duration
	// conversations is how many run at once.
	conversations int
}

var usualLimits = limits{request: 5 * time.Second, frame: 10 * time.Second, conversations: 8}

// ErrNoServer says that no server listens on the folder's socket.
var ErrNoServer = errors.New("no orgd server is running on this data folder")

// Request is a command for the server.
type Request struct {
	// Version is the asking binary's, which a server of another version names in its refusal.
	Version string          `json:"version"`
	Command string          `json:"command"`
	Args    json.RawMessage `json:"args,omitempty"`
	// Stdin is what the client read for the command, such as a password.
	Stdin string `json:"stdin,omitempty"`
}

// Progress is how far long work has come.
type Progress struct {
	Done  int    `json:"done"`
	Total int    `json:"total"`
	What  string `json:"what"`
}

// Output is where a command tells what it does, in the server's process or in the command's own.
type Output struct {
	io.Writer

	// Progress is called now and then, by one goroutine at a time.
	Progress func(Progress)
}

// CommandError is what ended a command in the server.
type CommandError struct{ Message string }

// Error returns the server's sentence.
func (f *CommandError) Error() string { return f.Message }

// frame is one piece of an answer.
type frame struct {
	// Out is bytes, in base64, since a path need not be valid text.
	Out      []byte    `json:"out,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	// Exit is set in the last frame, and Error there if it is not zero.
	Exit  *int   `json:"exit,omitempty"`
	Error string `json:"error,omitempty"`
}
