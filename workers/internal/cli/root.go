package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lossatlas/pipelines/syntax"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/program"
	"lossatlas/workers/internal/cli/run"
	"lossatlas/workers/internal/cli/serve"
	"lossatlas/workers/internal/cli/show"
	"lossatlas/workers/internal/cli/store"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/settings"
)

const long = `lossatlas trains neural networks and maps the loss landscape around the trained
weights: lines, surfaces and curvature.

  lossatlas run pipelines/quickstart.yaml     trains, maps, draws; a second run computes nothing
  lossatlas open quickstart                   its page, in a browser
  lossatlas show quickstart                   the results as a table
  lossatlas up                                pages of all sweeps, Temporal UI and a worker
  lossatlas export sweep quickstart out       everything as files that other programs open

All services start inside this program and keep their state in one folder
(--home). Settings come from flags, then the environment (LOSSATLAS_HOME for
--home, and so on), then config.yaml in the home or in the user's config folder.

Exit codes: 0 done, 1 failed, 2 usage or bad sweep file, 3 some experiments
failed and the others are done, 130 interrupted.`

// rootCommand builds the command tree.
func rootCommand(a *app.App) *cobra.Command {
	root := &cobra.Command{
		Use: "lossatlas", Short: "Train neural networks and map their loss landscapes", Long: long,
		SilenceErrors: true, SilenceUsage: true, TraverseChildren: true,
		Args: app.Unknown,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.Settings.Load(a.Env)
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	a.Settings = settings.Bind(root.PersistentFlags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 { // the flag is of a command that does not exist
			return app.Unknown(cmd, words)
		}
		return exit.Usagef("%w; see %s --help", wrongFlag(cmd, err), cmd.CommandPath())
	})
	setHelp(root)
	root.AddGroup(app.Groups()...)
	for _, commands := range [][]*cobra.Command{run.Commands(a), show.Commands(a), store.Commands(a), serve.Commands(a), program.Commands(a)} {
		root.AddCommand(commands...)
	}
	root.SetHelpCommandGroupID(app.GroupProgram)
	root.SetCompletionCommandGroupID(app.GroupProgram)
	setCompletion(a, root)
	return root
}

// flagTypes describes the values of flags by type.
var flagTypes = map[string]string{"int": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a time such as 90s or 10m",
	"float64Slice": "numbers with commas between them", "intSlice": "whole numbers with commas between them"}

// wrongFlag suggests a flag for an unknown one, and describes the allowed values of a flag in place of the parser's reason.
func wrongFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		guess := syntax.DidYouMean(unknown.GetSpecifiedName(), names)
		return fmt.Errorf("%w%s", err, strings.Replace(guess, "mean ", "mean --", 1))
	}
	if unknown != nil && unknown.GetSpecifiedName() == "o" {
		return fmt.Errorf("%w; --output json prints JSON", err)
	}
	var lacking *pflag.ValueRequiredError
	if errors.As(err, &lacking) {
		what, _ := pflag.UnquoteUsage(lacking.GetFlag())
		return fmt.Errorf("--%s needs a value (%s)", lacking.GetFlag().Name, what)
	}
	var wrong *pflag.InvalidValueError
	if !errors.As(err, &wrong) {
		return err
	}
	want, ok := flagTypes[wrong.GetFlag().Value.Type()]
	if !ok || strings.HasPrefix(wrong.GetFlag().Value.Type(), "string") {
		return err
	}
	return fmt.Errorf("--%s: want %s, got %q", wrong.GetFlag().Name, want, wrong.GetValue())
}
