package run

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"lossatlas/pipelines/sweepfile"

	"github.com/spf13/cobra"

	"lossatlas/activities/data"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
)

// validated is what `validate` says of a good file.
type validated struct {
	File        string   `json:"file"`
	Sweep       string   `json:"sweep"`
	Experiments int      `json:"experiments"`
	Steps       int      `json:"steps"`
	Presets     []string `json:"presets,omitempty"`
	Warnings    []string `json:"warnings,omitempty"` // valid settings that are probably mistakes
}

func validateCommand(a *app.App) *cobra.Command {
	var preset string
	cmd := app.Command("validate SWEEP.yaml...", "Check sweep files with the files that they name, and count their experiments and steps", cobra.MinimumNArgs(1),
		func(cmd *cobra.Command, args []string) error { return validate(cmd.Context(), a, args, preset) })
	cmd.Flags().StringVar(&preset, "preset", "", "`name` of a preset to apply (all are checked anyway)")
	return cmd
}

// validate reports on every file; the exit code is that of the first bad one.
func validate(ctx context.Context, a *app.App, files []string, preset string) error {
	var out []validated
	var bad []error
	for _, file := range files {
		v, err := validateFile(ctx, a, file, preset)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			bad = append(bad, err)
		default:
			out = append(out, v)
		}
	}
	if len(out) > 0 {
		if err := printValidated(a, out); err != nil {
			return err
		}
	}
	for _, err := range bad {
		a.Complain(err)
	}
	if len(bad) > 0 {
		return exit.Silently(exit.Of(bad[0]))
	}
	return nil
}

func validateFile(ctx context.Context, a *app.App, file, preset string) (validated, error) {
	s, err := launch.Read(file, preset)
	if err != nil {
		return validated{}, err
	}
	g, missing, err := launch.Check(ctx, s, data.Options{Dir: a.Settings.Data, Cache: filepath.Join(a.Settings.Home, "datasets")})
	if err != nil {
		return validated{}, err
	}
	warnings := s.Warnings()
	if missing {
		warnings = append(warnings, fmt.Sprintf("the data set %s is not on this machine: the sizes of its splits are not checked", s.Dataset.Name))
	}
	return validated{file, s.Name, len(g.Experiments), len(g.All()), s.Presets, warnings}, nil
}

func printValidated(a *app.App, out []validated) error {
	return app.PrintList(a, out, func() error {
		for _, v := range out {
			presets := ""
			if len(v.Presets) > 0 {
				presets = "; presets: " + strings.Join(v.Presets, ", ")
			}
			for _, w := range v.Warnings {
				fmt.Fprintf(a.Err, "%s: note: %s\n", v.File, w)
			}
			fmt.Fprintf(a.Out, "%s: sweep %s is fine: %s, %s%s\n", v.File, v.Sweep, app.Count(v.Experiments, "experiment"), app.Count(v.Steps, "step"), presets)
		}
		return nil
	})
}

func schemaCommand(a *app.App) *cobra.Command {
	return app.Command("schema", "Print the JSON Schema of sweep files, which editors use to complete and check them", cobra.NoArgs,
		func(*cobra.Command, []string) error {
			b, err := sweepfile.SchemaFor(launch.Catalog())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.Out, strings.TrimSpace(string(b)))
			return err
		})
}
