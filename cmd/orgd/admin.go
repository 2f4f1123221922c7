package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/control"
)

// act is an administration command that needs the store. Its fields are its arguments: kong fills them in, and they go to
// a running server as JSON. It runs in whatever process has the store open, so it must not look at its own.
type act interface {
	run(ctx context.Context, a *app, stdin string, out control.Output) error
}

// acts are all of them, by the name under which a running server is asked for them.
var acts = map[string]func() act{
	"operator add":    func() act { return new(operatorAdd) },
	"org list":        func() act { return new(orgList) },
	"org restore":     func() act { return new(orgRestore) },
	"instances":       func() act { return new(instancesCommand) },
	"user reset-link": func() act { return new(userResetLink) },
	"keys list":       func() act { return new(keysList) },
	"keys rotate":     func() act { return new(keysRotate) },
	"keys revoke":     func() act { return new(keysRevoke) },
	"backup":          func() act { return new(backupCommand) },
}

// roleOf returns what an act opens the store for.
func roleOf(name string) role {
	if name == "operator add" {
		return founding
	}
	return commanding
}

// administer has an act done: by the server that keeps others out of the store if there is one, else in this process.
func (p *process) administer(ctx context.Context, name string, do act, stdin string) error {
	loaded, err := p.config()
	if err != nil {
		return err
	}
	request, err := requestOf(name, do, stdin)
	if err != nil {
		return err
	}
	shown := newProgress(p.stderr)
	defer shown.end()
	out := control.Output{Writer: p.stdout, Progress: shown.show}
	place := backendOf(&loaded.Config)
	err = place.ask(ctx, request, out)
	if !errors.Is(err, control.ErrNoServer) {
		return err
	}
	if err := place.admits(name); err != nil {
		return err
	}
	return p.doAlone(ctx, &loaded.Config, alone{roleOf(name), do, stdin, out})
}

func requestOf(name string, do act, stdin string) (control.Request, error) {
	args, err := json.Marshal(do)
	return control.Request{Version: versionName(), Command: name, Args: args, Stdin: stdin}, err
}

// alone is an act that no server does.
type alone struct {
	as    role
	do    act
	stdin string
	out   control.Output
}

func (p *process) doAlone(ctx context.Context, c *config.Config, work alone) (err error) {
	log := newLog(p, c, quiet)
	defer closeLog(ctx, log)
	a, err := p.openApp(ctx, c, log, work.as)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	if !a.shared { // else that is the servers' work
		a.recoverAll(ctx)
	}
	return work.do.run(ctx, a, work.stdin, work.out)
}

// serveAct carries out an act that came through the control socket.
func (a *app) serveAct(ctx context.Context, request control.Request, out control.Output) error {
	begin, known := acts[request.Command]
	if !known {
		return a.otherVersion(request)
	}
	do := begin()
	args := json.NewDecoder(bytes.NewReader(request.Args))
	args.DisallowUnknownFields()
	if err := args.Decode(do); err != nil {
		return a.otherVersion(request)
	}
	err := do.run(ctx, a, request.Stdin, out)
	outcome := "done"
	if err != nil {
		outcome = oneLine(err)
	}
	a.log.Info("administration command", "command", request.Command, "outcome", outcome)
	return err
}

func (a *app) otherVersion(request control.Request) error {
	return fmt.Errorf("the running server is orgd %s and does not know this command of orgd %s; use the server's version, or restart the server with this one",
		versionName(), request.Version)
}

// oneLine returns an error's text as one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
