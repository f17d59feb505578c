package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/exit"
)

// Groups of commands in the help.
const (
	GroupRun     = "work"
	GroupShow    = "look"
	GroupStore   = "store"
	GroupProgram = "other"
)

// Groups are the groups with their titles, in the order of the help.
func Groups() []*cobra.Group {
	return []*cobra.Group{
		{ID: GroupRun, Title: "Run sweeps:"}, {ID: GroupShow, Title: "Look at sweeps:"},
		{ID: GroupStore, Title: "Results:"}, {ID: GroupProgram, Title: "This program:"},
	}
}

// In puts commands into a group.
func In(group string, commands ...*cobra.Command) []*cobra.Command {
	for _, c := range commands {
		c.GroupID = group
	}
	return commands
}

// Synonyms are the words by which other programs call commands.
var Synonyms = map[string]string{
	"abort": "cancel", "kill": "cancel", "stop": "cancel",
	"continue": "run", "resume": "run", "start": "run", "train": "run",
	"browse": "up", "serve": "up", "server": "up", "ui": "up",
	"browser": "open", "report": "open", "view": "open",
	"diff": "compare", "history": "list", "ls": "list", "provenance": "explain", "results": "show",
	"follow": "watch", "log": "status", "logs": "status", "ps": "status",
	"lint": "validate", "dry-run": "plan", "models": "nets", "networks": "nets", "datasets": "data",
	"plot": "export picture", "render": "export picture",
	"clean": "artifacts gc", "prune": "artifacts gc", "delete": "artifacts rm", "remove": "artifacts rm",
}

// guesses are the commands that an unknown word may mean: those that other programs call so or that stand below a group, else those
// of a similar name.
func guesses(cmd *cobra.Command, word string) []string {
	var out []string
	if name := Synonyms[word]; name != "" && !cmd.HasParent() {
		out = append(out, name)
	}
	for _, group := range cmd.Commands() {
		for _, c := range group.Commands() {
			if name := group.Name() + " " + c.Name(); c.Name() == word && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	cmd.SuggestionsMinimumDistance = 2
	return slices.Compact(cmd.SuggestionsFor(word))
}

// Unknown refuses a word that is no command, and suggests the nearest one.
func Unknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	guess := ""
	if s := guesses(cmd, args[0]); len(s) > 0 {
		guess = fmt.Sprintf("; did you mean %s?", strings.Join(s, " or "))
	}
	return exit.Usagef("unknown command %q for %s%s (see %s --help)", args[0], cmd.CommandPath(), guess, cmd.CommandPath())
}

// Group makes a command that only holds others.
func Group(use, short string, cmds ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: Unknown, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	c.AddCommand(cmds...)
	return c
}

// Command makes a command whose mistakes in arguments are usage errors.
func Command(use, short string, args cobra.PositionalArgs, run func(*cobra.Command, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: usage(args), RunE: run}
}

// usage says in the words of the usage line which arguments are missing, and which are too many.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) == nil {
			return nil
		}
		var wanted, missing []string
		for _, word := range strings.Fields(cmd.Use)[1:] {
			if strings.HasPrefix(word, "-") || strings.HasPrefix(word, "{") {
				break
			}
			if wanted = append(wanted, word); len(wanted) > len(args) && !strings.HasPrefix(word, "[") {
				missing = append(missing, word)
			}
		}
		problem := ""
		switch {
		case len(missing) == 1:
			problem = missing[0] + " is missing"
		case len(missing) > 1:
			problem = Join(missing) + " are missing"
		case len(wanted) == 0:
			problem = fmt.Sprintf("%s takes no arguments, got %q", cmd.Name(), args[0])
		default:
			problem = fmt.Sprintf("%q is one argument too many", args[min(len(wanted), len(args)-1)])
		}
		return exit.Usagef("%s; usage: %s", problem, cmd.UseLine())
	}
}
