package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/settings"
)

const long = `lossatlas trains image classifiers and maps the loss landscape around what it
trained: lines and surfaces through the space of weights.

  lossatlas run pipelines/quickstart.yaml     trains, maps, draws; run it again and nothing is done twice
  lossatlas open quickstart                   its page, in a browser
  lossatlas show quickstart                   the results as a table
  lossatlas up                                the pages of all sweeps, the Temporal UI and a worker, until interrupted
  lossatlas export sweep quickstart out       everything as files that other programs open

Everything needed starts inside this program and keeps its state in one folder
(--home). Settings come from flags, then the environment (LOSSATLAS_HOME for
--home, and so on), then config.yaml in the home or in the user's config folder.

Exit codes: 0 done, 1 failed, 2 usage or bad sweep file, 3 some experiments
failed and the rest are done, 130 interrupted.`

// root builds the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "lossatlas", Short: "Train image classifiers and map their loss landscapes", Long: long,
		SilenceErrors: true, SilenceUsage: true, TraverseChildren: true,
		Args: unknown,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.set.Load(a.Env)
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	a.set = settings.Bind(root.PersistentFlags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.Usagef("%s: %w; see %s --help", cmd.CommandPath(), err, cmd.CommandPath())
	})
	const work, look, store, other = "work", "look", "store", "other"
	root.AddGroup(
		&cobra.Group{ID: work, Title: "Run sweeps:"}, &cobra.Group{ID: look, Title: "Look at sweeps:"},
		&cobra.Group{ID: store, Title: "Results:"}, &cobra.Group{ID: other, Title: "This program:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(work, a.runCommand(), a.planCommand(), a.validateCommand(), a.schemaCommand(), a.upCommand(), a.workerCommand(), a.cancelCommand())
	add(look, a.statusCommand(), a.watchCommand(), a.listCommand(), a.showCommand(), a.compareCommand(), a.openCommand())
	add(store, a.importCommand(), a.exportCommand(), a.explainCommand(), a.artifactsCommand())
	add(other, a.backendCommand(), a.netsCommand(), a.codecCommand(), a.versionCommand())
	root.SetHelpCommandGroupID(other)
	root.SetCompletionCommandGroupID(other)
	return root
}

// unknown refuses a word that is no command, and guesses which one was meant.
func unknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	guess := ""
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		guess = fmt.Sprintf("; did you mean %s?", strings.Join(s, " or "))
	}
	return exit.Usagef("unknown command %q for %s%s (see %s --help)", args[0], cmd.CommandPath(), guess, cmd.CommandPath())
}

// group makes a command that only holds others.
func group(use, short string, cmds ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: unknown, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	c.AddCommand(cmds...)
	return c
}
