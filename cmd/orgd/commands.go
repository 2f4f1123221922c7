package main

import (
	"slices"

	"github.com/alecthomas/kong"
)

// commands is everything that the program does, as kong reads it.
type commands struct {
	Serve    serveCommand  `cmd:"" default:"1" help:"Serve the API; what orgd does without a command."`
	Config   configCommand `cmd:"" help:"Show the settings in force and where each comes from."`
	Operator struct {
		Add operatorAdd `cmd:"" help:"Add somebody who runs the installation."`
	} `cmd:"" help:"Those who run the installation."`
	Org struct {
		List    orgList    `cmd:"" help:"List organizations, deleted ones included."`
		Restore orgRestore `cmd:"" help:"Bring a deleted organization back with its data."`
	} `cmd:"" help:"Organizations."`
	User struct {
		ResetLink userResetLink `cmd:"" help:"Let a person who lost the password set a new one."`
	} `cmd:"" help:"People."`
	Instances instancesCommand `cmd:"" help:"List the servers, the dead among them."`
	Keys      struct {
		List   keysList   `cmd:"" help:"List the keys that sign access tokens."`
		Rotate keysRotate `cmd:"" help:"Publish a new signing key; it signs ten minutes later."`
		Revoke keysRevoke `cmd:"" help:"End every token of a signing key at once."`
		File   keysFile   `cmd:"" help:"Make a file for ORGD_KEY_FILE."`
		Renew  keysRenew  `cmd:"" help:"Make new keys after the file of ORGD_KEY_FILE was lost."`
	} `cmd:"" help:"Keys that sign access tokens."`
	Backup      backupCommand      `cmd:"" help:"Copy everything to a new folder, while serving."`
	Restore     restoreCommand     `cmd:"" help:"Make a new data folder from a backup."`
	Migrate     migrateCommand     `cmd:"" help:"Move everything to another store."`
	Adopt       adoptCommand       `cmd:"" help:"Take over the organizations of another service on the same MongoDB."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask the server on this host whether it is ready."`
	Version     versionCommand     `cmd:"" help:"Print the version."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
	kong.Plugins
}

// overview ends the description in orgd --help.
const overview = `Examples:

    orgd                                        serve on 127.0.0.1:8000, data in ./orgd-data
    orgd operator add --email you@example.com   add an operator
    orgd org list                               see the organizations
    orgd backup /backups/monday                 copy everything while serving
    orgd migrate --to mongodb://host/           move everything to another store
    orgd serve --help                           see every setting

Settings are read from flags, then the environment, then a .env file in the working directory.
Administration commands work with and without a running server.`

// settingsOf says which settings concern a command, and so stand in its help; every command takes all of them, so that one
// environment serves all. Commands that are not here show none.
var settingsOf = map[string][]string{
	"operator add":    {"store", "database", "key-file", "bcrypt-cost", "password-min", "password-check"},
	"org list":        {"store", "database", "key-file"},
	"org restore":     {"store", "database", "key-file"},
	"user reset-link": {"store", "database", "key-file", "public-url"},
	"instances":       {"store", "database", "key-file"},
	"keys list":       {"store", "database", "key-file"},
	"keys rotate":     {"store", "database", "key-file"},
	"keys revoke":     {"store", "database", "key-file"},
	"keys renew":      {"store", "database", "key-file"},
	"backup":          {"store"},
	"restore":         {"store"},
	"migrate":         {"store", "database", "key-file", "lease"},
	"adopt":           {"store", "database", "key-file"},
	"healthcheck":     {"listen", "tls-cert"},
}

// printHelp prints a command's help with the settings that concern it.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	name := ""
	if selected := ctx.Selected(); selected != nil {
		name = commandName(selected)
	}
	for _, flag := range ctx.Model.Flags {
		if name == "adopt" && flag.Name == "database" {
			flag.Help, flag.PlaceHolder = databaseHelp, "NAME"
		}
		switch flag.Name {
		case "help":
		case "version":
			flag.Hidden = name != ""
		default:
			flag.Hidden = name != "serve" && name != "config" && !slices.Contains(settingsOf[name], flag.Name)
		}
	}
	return kong.DefaultHelpPrinter(options, ctx)
}

// commandName returns the words by which a command is called.
func commandName(node *kong.Node) string {
	if node.Parent == nil || node.Parent.Parent == nil {
		return node.Name
	}
	return commandName(node.Parent) + " " + node.Name
}
