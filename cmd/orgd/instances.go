package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/orgd/orgd/internal/control"
	"github.com/orgd/orgd/internal/tenant"
)

// instancesCommand lists the servers.
type instancesCommand struct {
	JSON bool `json:"json" name:"json" help:"One JSON object a line instead of a table."`
}

// Help teaches the command.
func (instancesCommand) Help() string {
	return `A server that was killed stays on the list as a living one until the others have seen its heartbeats stand still for
ORGD_LEASE and two seconds, and as a dead one for an hour after that. The time of the last heartbeat is by the server's own
clock. The last column counts the organizations that it keeps closed for other servers' operations.

Examples:

    orgd instances
    orgd instances --json`
}

// Run has the list made.
func (c *instancesCommand) Run(ctx context.Context, p *process) error {
	return p.administer(ctx, "instances", c, "")
}

// instanceLine is a server in the JSON form.
type instanceLine struct {
	ID        tenant.InstanceID      `json:"id"`
	Version   string                 `json:"version"`
	State     string                 `json:"state"`
	StartedAt time.Time              `json:"started_at"`
	BeatAt    time.Time              `json:"last_heartbeat_at"`
	Counter   int64                  `json:"heartbeats"`
	Epochs    map[tenant.OrgID]int64 `json:"epochs"`
}

func lineOf(i tenant.Instance) instanceLine {
	line := instanceLine{
		ID: i.ID, Version: i.Version, State: "alive", StartedAt: i.StartedAt, BeatAt: i.At, Counter: i.Counter,
		Epochs: make(map[tenant.OrgID]int64, len(i.Acks)),
	}
	if i.Dead {
		line.State = "dead"
	}
	for org, ack := range i.Acks {
		line.Epochs[org] = ack.Epoch
	}
	return line
}

func (c *instancesCommand) run(ctx context.Context, a *app, _ string, out control.Output) error {
	list, err := a.store.Instances.List(ctx)
	if err != nil {
		return err
	}
	if a.listener == nil { // a command that has the store to itself is no server
		list = slices.DeleteFunc(list, func(i tenant.Instance) bool { return i.ID == a.self })
	}
	if c.JSON {
		encoder := json.NewEncoder(out)
		for _, i := range list {
			if err := encoder.Encode(lineOf(i)); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tVERSION\tSTATE\tSTARTED\tLAST HEARTBEAT\tCLOSED") // into memory until Flush
	for _, i := range list {
		line := lineOf(i)
		_, _ = fmt.Fprintln(table, string(line.ID)+"\t"+line.Version+"\t"+line.State+"\t"+line.StartedAt.Format(time.DateTime)+"\t"+
			line.BeatAt.Format(time.DateTime)+"\t"+strconv.Itoa(len(line.Epochs)))
	}
	return table.Flush()
}
