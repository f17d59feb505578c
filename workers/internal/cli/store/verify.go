package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lossatlas/artifacts/maintain"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
)

func verifyCommand(a *app.App) *cobra.Command {
	var sample string
	var dry bool
	cmd := app.Command("verify", "Read the store and list missing and damaged objects with the sweeps that need them; damaged objects are moved to quarantine", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return verify(cmd.Context(), a, sample, dry) })
	cmd.Long = cmd.Short + `.

Every record (results and sweeps) is read, records that contradict each other are found, and every blob's size
is compared each time; of the
blobs and checkpoints themselves --sample 1/7, then 2/7, and so on reads one part in each of
seven nights. Damaged objects are moved below quarantine/ in the bucket and never deleted, so
that the next run makes it again. The exit code is 1 when something was found.`
	cmd.Flags().StringVar(&sample, "sample", "1/1", "read the `n/t`-th part of the blobs only")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only report; move nothing")
	return cmd
}

// sampleOf reads "n/t".
func sampleOf(text string) (part, of int, err error) {
	n, t, ok := strings.Cut(text, "/")
	part, err1 := strconv.Atoi(n)
	of, err2 := strconv.Atoi(t)
	if !ok || err1 != nil || err2 != nil || part < 1 || of < part || of > 10000 {
		return 0, 0, exit.Usagef("--sample: %q is no part; write n/t with 1 ≤ n ≤ t ≤ 10000, such as 1/7", text)
	}
	return part, of, nil
}

// progressEvery is how often a long operation on the store reports its progress.
const progressEvery = 5 * time.Second

// sayProgress is App.Say for reports of progress, of which it drops those that come too soon after another.
func sayProgress(a *app.App) func(format string, args ...any) {
	last := time.Now()
	return func(format string, args ...any) {
		if time.Since(last) >= progressEvery {
			last = time.Now()
			a.Say(format, args...)
		}
	}
}

func verify(ctx context.Context, a *app.App, sample string, dry bool) (err error) {
	part, of, err := sampleOf(sample)
	if err != nil {
		return err
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	say := sayProgress(a)
	c, err := maintain.Check(ctx, s.Store, maintain.CheckOptions{Part: part, Of: of, Quarantine: !dry, Progress: func(n, of int, bytes, ofBytes int64) {
		say("read %d of %s, %s of %s", n, app.Count(of, "object"), app.Size(bytes), app.Size(ofBytes))
	}})
	if err != nil {
		return err
	}
	if err := printChecked(a, c); err != nil {
		return err
	}
	if len(c.Findings) > 0 {
		return exit.Silently(exit.Failed)
	}
	return nil
}

func printChecked(a *app.App, c maintain.Checked) error {
	switch a.Settings.Output {
	case "json":
		return a.PrintJSON(c)
	case "jsonl":
		return app.PrintList(a, c.Findings, nil)
	}
	moved := 0
	for _, f := range c.Findings {
		fmt.Fprintf(a.Out, "%s: %s: %s\n", f.Problem, f.Object, f.Detail)
		for _, n := range f.Needed {
			fmt.Fprintf(a.Out, "  needed by %s\n", n)
		}
		if len(f.Needed) == 0 {
			fmt.Fprintln(a.Out, "  needed by nothing")
		}
		if f.Moved != "" {
			moved++
			fmt.Fprintf(a.Out, "  moved to %s\n", f.Moved)
		}
	}
	what := fmt.Sprintf("checked %s, %s and %s (%s) in %.1f s", app.Count(c.Records, "record"), app.Count(c.Blobs, "blob"), app.Count(c.Parts, "checkpoint"), app.Size(c.Bytes), c.Seconds)
	if len(c.Findings) == 0 {
		_, err := fmt.Fprintf(a.Out, "%s: all is well\n", what)
		return err
	}
	_, err := fmt.Fprintf(a.Out, "\n%s: %s, %d moved to quarantine\n", what, app.Count(len(c.Findings), "problem"), moved)
	if sweeps := sweepsOf(c.Findings); len(sweeps) > 0 {
		a.Say("run these sweeps again to compute the missing results: %s", app.JoinSome(sweeps))
	}
	return err
}

// sweepsOf are the sweeps that need what was found.
func sweepsOf(findings []maintain.Finding) []string {
	var out []string
	for _, f := range findings {
		for _, n := range f.Needed {
			if rest, ok := strings.CutPrefix(n, "sweep "); ok {
				name, _, _ := strings.Cut(rest, ":")
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
