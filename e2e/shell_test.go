package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shell is one bash, in the folder of a server and with its settings, that finds orgd on its path.
type shell struct {
	t       *testing.T
	input   io.Writer
	outputs chan string
}

// afterOutput is the line that the shell prints when a command is done, with its exit code after it.
const afterOutput = "--- done: "

func newShell(t *testing.T, s *server) *shell {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	bash := exec.CommandContext(ctx, "bash", "--norc", "--noprofile")
	bash.Dir = s.folder
	bash.Env = append([]string{
		"PATH=" + filepath.Dir(program) + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + s.folder, "LC_ALL=C.UTF-8",
	}, s.env...)
	output, writer := io.Pipe()
	bash.Stdout, bash.Stderr = writer, writer
	input, err := bash.StdinPipe()
	must(t, err)
	must(t, bash.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = bash.Wait()
		_ = writer.Close()
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	sh := &shell{t: t, input: input, outputs: make(chan string, 1)}
	go sh.read(output)
	return sh
}

// read cuts what the shell prints into the outputs of its commands.
func (sh *shell) read(from io.Reader) {
	defer close(sh.outputs)
	var output strings.Builder
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if before, code, done := strings.Cut(line, afterOutput); done {
			output.WriteString(before)
			if code != "0\n" {
				output.WriteString("exit code " + code)
			}
			sh.outputs <- output.String()
			output.Reset()
		} else {
			output.WriteString(line)
		}
		if err != nil {
			return
		}
	}
}

// do runs a command and returns what it prints on both its outputs, and its exit code where that is not 0.
func (sh *shell) do(command string) string {
	sh.t.Helper()
	if _, err := fmt.Fprintf(sh.input, "%s\necho '%s'$?\n", command, afterOutput); err != nil {
		sh.t.Fatal(err)
	}
	select {
	case output, open := <-sh.outputs:
		if !open {
			sh.t.Fatalf("the shell ended at %s", command)
		}
		return output
	case <-time.After(patience):
		sh.t.Fatalf("no end of %s", command)
		return ""
	}
}
