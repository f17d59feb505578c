package cli

import (
	"context"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lossatlas/activities/nets"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/settings"
)

// completionTime is how long a shell waits for the names in a home, in which another process may be starting its services.
const completionTime = 2 * time.Second

// setCompletion completes, in root's commands, arguments by the words of their usage lines and flags by those of their help.
func setCompletion(a *app.App, root *cobra.Command) {
	allowed := settings.Allowed()
	of := func(c *cobra.Command) {
		words := argumentWords(c.Use)
		c.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			i := len(args)
			if n := len(words); i >= n && n > 0 && strings.HasSuffix(words[n-1], "...") {
				i = n - 1
			} else if i >= n {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return complete(cmd.Context(), a, strings.TrimSuffix(words[i], "..."), begun)
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			word, _ := pflag.UnquoteUsage(f)
			values := allowed[f.Name]
			if f.Name == "format" {
				values = []string{"text", "csv", "md", "json"}
			}
			var do cobra.CompletionFunc
			switch {
			case len(values) > 0:
				do = cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
			case f.Name == "preset":
				do = completePreset
			case word == "folder":
				do = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
			case word == "file" || word == "path" || f.Value.Type() == "bool":
				return // the shell completes names of files
			default:
				do = cobra.NoFileCompletions
			}
			_ = c.RegisterFlagCompletionFunc(f.Name, do) // fails for a flag that has one
		})
	}
	of(root)
	root.ValidArgsFunction = nil // commands
	for _, c := range root.Commands() {
		for _, sub := range c.Commands() {
			of(sub)
		}
		if !c.HasSubCommands() {
			of(c)
		}
	}
}

var (
	flagInUse   = regexp.MustCompile(`--\S+ \S+`)
	punctuation = strings.NewReplacer("[", "", "]", "", "{", "", "}", "", " | ", " ")
)

// argumentWords are the words for the arguments in a usage line, without flags: "SWEEP.yaml|PLAN", "STEP...".
func argumentWords(use string) []string {
	return strings.Fields(punctuation.Replace(flagInUse.ReplaceAllString(use, "")))[1:]
}

// complete completes an argument that stands for one of several things: "STEP|DIGEST".
func complete(ctx context.Context, a *app.App, word, begun string) ([]string, cobra.ShellCompDirective) {
	kinds := strings.Split(word, "|")
	var out []string
	directive := cobra.ShellCompDirectiveDefault
	for _, kind := range kinds {
		switch kind {
		case "SWEEP", "A", "B", "STEP", "STEP/OUTPUT":
			directive = cobra.ShellCompDirectiveNoFileComp
			roots := recorded(ctx, a)
			sweep, _, inside := strings.Cut(begun, "/")
			if kind == "SWEEP" || !inside {
				for _, r := range roots {
					if strings.HasPrefix(kind, "STEP") {
						r.Sweep += "/"
					}
					out = append(out, r.Sweep)
				}
			} else {
				out = append(out, within(roots, sweep, kind)...)
			}
			if kind != "SWEEP" && !inside { // a slash and more may follow
				directive |= cobra.ShellCompDirectiveNoSpace
			}
		case "NETWORK", "MODEL":
			if kind == "NETWORK" || len(kinds) == 1 {
				out = append(out, nets.Names()...)
			}
		case "SWEEP.yaml":
			switch word {
			case kind:
				return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
			case "SWEEP.yaml|PLAN":
				return []string{"yaml", "yml", "plan", "json"}, cobra.ShellCompDirectiveFilterFileExt
			}
		case "FOLDER", "DIR":
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
	}
	out = slices.DeleteFunc(out, func(name string) bool { return !strings.HasPrefix(name, begun) })
	slices.Sort(out)
	return slices.Compact(out), directive
}

// within are the full names in a sweep: of experiments for A and B of compare, else of steps with a result.
func within(roots []artifacts.Root, sweep, kind string) []string {
	var out []string
	for _, r := range roots {
		if r.Sweep != sweep {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(r.Steps)) {
			step := r.Steps[id]
			switch experiment, _, ok := strings.Cut(id, "/"); {
			case (kind == "A" || kind == "B") && ok && experiment != "figures":
				out = append(out, sweep+"/"+experiment)
			case kind == "STEP/OUTPUT":
				for name := range step.Outputs {
					out = append(out, sweep+"/"+id+"/"+name)
				}
			case kind == "STEP" && len(step.Outputs) > 0:
				out = append(out, sweep+"/"+id)
			}
		}
	}
	return out
}

// recorded are the sweeps in the home or bucket, empty where they can't be read in time. It creates no home.
func recorded(ctx context.Context, a *app.App) []artifacts.Root {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, stop := context.WithTimeout(ctx, completionTime)
	defer stop()
	if a.Settings.Load(a.Env) != nil {
		return nil
	}
	if _, err := os.Stat(a.Settings.Home); err != nil && !a.Settings.External() {
		return nil
	}
	var roots []artifacts.Root
	_ = a.WithSession(ctx, func(s *session.Session) (err error) { // a shell has no place for a message
		roots, err = s.Store.Roots(ctx)
		return err
	})
	return roots
}

// completePreset names the presets of the sweep file among the arguments.
func completePreset(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	for _, file := range args {
		if s, err := launch.Read(file, ""); err == nil {
			return s.Presets, cobra.ShellCompDirectiveNoFileComp
		}
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
