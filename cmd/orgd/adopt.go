package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/adoption"
	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/control"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// adoptCommand takes over the organizations of another service.
type adoptCommand struct {
	From           string `help:"How the other service reaches its server, which must be the one of ORGD_STORE; that is what counts if not given. A URI with a password goes into ORGD_ADOPT_FROM, or into the file that ORGD_ADOPT_FROM_FILE names." placeholder:"URI"`
	DryRun         bool   `help:"Tell what would be done, and write nothing."`
	WritersStopped bool   `help:"Nothing but orgd writes to the collections from now on. Without it each organization counts as one with direct writers: the physical names that it leaves are never given to another one."`

	Organizations string   `help:"Collection of the organizations." default:"organizations" placeholder:"NAME"`
	Users         string   `help:"Collection of the users." default:"users" placeholder:"NAME"`
	OrgID         []string `help:"Fields of an organization's ids, to which users refer." default:"_id,id,org_id,organization_id" placeholder:"FIELD,..."`
	OrgName       []string `help:"Fields of its name; the first that is there counts, here and below." default:"name,organization_name,org_name" placeholder:"FIELD,..."`
	OrgCollection []string `help:"Fields of its collection's name; where there is none it is org_ and the slug." default:"collection,collection_name" placeholder:"FIELD,..."`
	OrgAdmin      []string `help:"Fields with its admin: an id, an address, or a document." default:"admin_id,admin_user_id,admin,owner_id,owner,admin_email,owner_email" placeholder:"FIELD,..."`
	UserID        []string `help:"Fields of a user's ids, to which organizations refer." default:"_id,id,user_id,admin_id" placeholder:"FIELD,..."`
	UserEmail     []string `help:"Fields of a user's address." default:"email" placeholder:"FIELD,..."`
	UserPassword  []string `help:"Fields of a user's password hash." default:"password,password_hash,hashed_password" placeholder:"FIELD,..."`
	UserOrg       []string `help:"Fields with a user's organization, by id or name." default:"organization_id,org_id,organization,org,organization_name,org_name" placeholder:"FIELD,..."`
}

// Help teaches the command.
func (adoptCommand) Help() string {
	return `Makes organizations of orgd of those that another service keeps on the same MongoDB, where their data is: nothing is copied, and no
document is changed. Their admins sign in with their old passwords. What cannot be taken over without a doubt is left as it is, and named with
the reason; then the exit code is 1. It can be run again: what was adopted stays so.

Examples:

    orgd adopt --database app --dry-run
    orgd adopt --database app --writers-stopped
    orgd adopt --database app --org-name title --org-admin created_by`
}

// errNoDatabase is a call without --database.
var errNoDatabase = errors.New("name the database of the other service with --database")

// databaseHelp stands for that of the setting, since the flag means another database here.
const databaseHelp = "Database of the other service. Orgd's own is ORGD_DATABASE, which may be another one."

// Run looks at everything first, so that a dry run tells what the real one does.
func (c *adoptCommand) Run(ctx context.Context, p *process) error {
	database := p.settings[databaseVariable]
	delete(p.settings, databaseVariable)
	if database == "" {
		return errNoDatabase
	}
	loaded, err := p.config()
	if err != nil {
		return err
	}
	source, err := c.look(ctx, p, &loaded.Config, database)
	if err != nil {
		return err
	}
	plan, err := adoption.Judge(ctx, source, adoption.Options{
		Database: database, Own: loaded.Config.Database, Organizations: c.Organizations, Users: c.Users,
	})
	if err = errors.Join(err, source.Close(ctx)); err != nil {
		return err
	}
	tell := adoptionTable{p.stdout, c.DryRun, !c.WritersStopped}
	if c.DryRun || plan.Count(adoption.Adoptable) == 0 {
		for _, v := range plan.Verdicts {
			tell.verdict(v)
		}
		return tell.end(plan)
	}
	if err := c.carryOut(ctx, p, &loaded.Config, plan, tell); err != nil {
		return err
	}
	return tell.end(plan)
}

// databaseVariable is the setting whose flag means the other service's database here.
const databaseVariable = "ORGD_DATABASE"

// foreignDatabase is the database of another service, while it is looked at.
type foreignDatabase interface {
	adoption.Source
	Close(ctx context.Context) error
}

// look opens the other service's database.
func (c *adoptCommand) look(ctx context.Context, p *process, now *config.Config, database string) (foreignDatabase, error) {
	from, err := config.AdoptFrom.LoadOr(p.sources(), c.From, now.Store)
	if err != nil {
		return nil, err
	}
	if from.URI == "" && now.Store.URI != "" {
		return nil, errors.New("--from is the URI of a MongoDB server: mongodb:// or mongodb+srv://")
	}
	return backendOf(now).foreign(ctx, from.URI, database, store.ForeignFields{
		Organizations: c.Organizations, Users: c.Users,
		OrgID: c.OrgID, OrgName: c.OrgName, OrgCollection: c.OrgCollection, OrgAdmin: c.OrgAdmin,
		OrgSlug: []string{"slug"}, OrgCreated: []string{"created_at", "createdAt"},
		UserID: c.UserID, UserEmail: c.UserEmail, UserPassword: c.UserPassword, UserOrg: c.UserOrg, UserRole: []string{"role"},
	})
}

// lag is how much longer than a lease an operation that was cut short may keep its organization.
const lag = 5 * time.Second

// carryOut adopts what can be.
func (c *adoptCommand) carryOut(ctx context.Context, p *process, now *config.Config, plan *adoption.Plan, tell adoptionTable) (err error) {
	log := newLog(p, now, quiet)
	defer closeLog(ctx, log)
	a, err := p.openApp(ctx, now, log, founding)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	shown := newProgress(p.stderr)
	defer shown.end()
	done, total := 0, len(plan.Verdicts)
	quietly := total < worthTelling || isTerminal(p.stdout) // where the lines themselves tell how far it is
	return plan.Run(ctx, max(now.Lease, 5*time.Second)+lag, func(ctx context.Context, one *adoption.Candidate) error {
		return a.adopt(ctx, one, !c.WritersStopped)
	}, func(v *adoption.Verdict) {
		done++
		tell.verdict(v)
		if !quietly {
			shown.show(control.Progress{Done: done, Total: total, What: "organizations"})
		}
	})
}

// worthTelling is how many organizations take so long that somebody looks at how far it is.
const worthTelling = 100

// adopt takes one organization over: its collection first, so that nobody else gets it meanwhile. A store that is closed by a move
// meanwhile ends the run.
func (a *app) adopt(ctx context.Context, one *adoption.Candidate, directWriters bool) error {
	if err := a.inUse(ctx); err != nil {
		return tenant.Wrap(tenant.CodeUnavailable, err, "the store is not in use any more")
	}
	database := one.Placement.Database
	if database == "" {
		database = a.config.Database
	}
	id, err := a.claim(ctx, database, one.Placement.Namespace, one.UUID, one.Origin)
	if err != nil {
		return err
	}
	_, err = a.orgs.Adopt(ctx, access.Console(), orgs.Adoption{
		Org: id, Name: one.Name, Email: one.Email, PasswordHash: one.PasswordHash, Placement: one.Placement,
		DirectWriters: directWriters, CreatedAt: one.CreatedAt,
	})
	return err
}

// adoptionTable prints what becomes of each organization, one line each.
type adoptionTable struct {
	out io.Writer
	dry bool
	// writers says that the organizations of this run are to have direct writers.
	writers bool
}

func (t adoptionTable) verdict(v *adoption.Verdict) {
	word := string(v.Status)
	if v.Status == adoption.Adoptable {
		word = "would be adopted"
	}
	line := fmt.Sprintf("%-16s  %s", word, clean(v.Name))
	if v.ID != "" {
		line += " (" + clean(v.ID) + ")"
	}
	switch {
	case v.Reason != "":
		line += ": " + v.Reason // clean in its parts, and not to be cut: what to do is at its end
	case v.Candidate != nil:
		line += ": " + v.Candidate.Placement.Namespace + ", " + string(v.Candidate.Email)
	}
	if v.Status == adoption.Already {
		line += t.since(v)
	}
	_, _ = fmt.Fprintln(t.out, line)
}

// since says what somebody should know of an organization that an earlier run adopted, since this one leaves it as it is.
func (t adoptionTable) since(v *adoption.Verdict) string {
	switch {
	case v.Deleted:
		return ": and deleted since"
	case v.DirectWriters && !t.writers:
		return ": as one with direct writers, and stays so"
	case !v.DirectWriters && t.writers:
		return ": as one without direct writers (--writers-stopped), and stays so"
	default:
		return ""
	}
}

// clean is what the other service wrote, as a terminal may show it.
func clean(text string) string {
	if text = access.CleanClientText(text); text == "" {
		return "(nothing)"
	}
	return text
}

// end prints who is left, and the sums. Organizations that were refused are a failure.
func (t adoptionTable) end(plan *adoption.Plan) error {
	for _, left := range plan.Left {
		_, _ = fmt.Fprintf(t.out, "%-16s  user %s (%s) %s\n", "left", clean(left.Email), clean(left.ID), left.Reason)
	}
	count := func(s adoption.Status) string { return fmt.Sprintf("%d %s", plan.Count(s), s) }
	taken := count(adoption.Adopted)
	if t.dry {
		taken = fmt.Sprintf("%d would be adopted", plan.Count(adoption.Adoptable))
	}
	_, err := fmt.Fprintf(t.out, "%d organizations: %s, %s, %s; users left: %d.\n",
		len(plan.Verdicts), taken, count(adoption.Already), count(adoption.Refused), len(plan.Left))
	if refused := plan.Count(adoption.Refused); err == nil && refused > 0 {
		return fmt.Errorf("refused: %d of %d organizations, each for the reason above; mend it and run this again", refused, len(plan.Verdicts))
	}
	return err
}
