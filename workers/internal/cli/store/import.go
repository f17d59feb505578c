package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"lossatlas/pipelines/sweepfile"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lossatlas/activities/weights"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
)

var importName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// checkName refuses what can't be the name of stored results.
func checkName(name string) error {
	if !importName.MatchString(name) {
		return exit.Usagef("%q is not a name: letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 64", name)
	}
	return nil
}

func importCommand(a *app.App) *cobra.Command {
	var net, sweep string
	var rename []string
	cmd := app.Command("weights NAME FILE", "Store the weights of a network from a PyTorch checkpoint, .safetensors or .npz file under a name", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			rules, err := weights.ParseRename(strings.Join(rename, ","))
			if err != nil {
				return exit.Usagef("--rename: %w", err)
			}
			return importWeights(cmd.Context(), a, args[0], args[1], net, sweep, rules)
		})
	cmd.Flags().StringVar(&net, "net", "", "`network` that the weights are of (see lossatlas nets)")
	cmd.Flags().StringVar(&sweep, "sweep", "", "sweep `file` that writes the network out")
	cmd.Flags().StringSliceVar(&rename, "rename", nil, "`FROM=TO`,…: take parts of the file's names, between dots, for others: fc=linear, or model= to take a prefix off")
	cmd.Long = cmd.Short + `.

They get the digest that a training would have given them, so that results for the
same weights are shared. ` + "`export weights NAME FILE`" + ` gives them back; a sweep takes
weights straight from a file with train: {net: …, import: FILE}.`
	return app.Group("import", "Bring results in from files", cmd)
}

// imported is what `import weights` says.
type imported struct {
	Name   string           `json:"name"`
	Net    string           `json:"net"`
	Digest artifacts.Digest `json:"digest"`
	Size   int64            `json:"size"`
	Notes  []string         `json:"notes,omitempty"` // how the file was fitted to the network
}

// namedNetwork finds a network by its name: in a sweep file, or among the built-in ones.
func namedNetwork(name, sweep string) (sweepfile.NamedNetwork, error) {
	if sweep == "" {
		return launch.BuiltIn(name), nil
	}
	s, err := launch.Read(sweep, "")
	if err != nil {
		return sweepfile.NamedNetwork{}, err
	}
	all := s.Networks()
	var names []string
	for _, n := range all {
		if n.Name == name {
			return n, nil
		}
		names = append(names, n.Name)
	}
	return sweepfile.NamedNetwork{}, exit.Usagef("%s has no network %q: choose one of %s", sweep, name, strings.Join(names, ", "))
}

func importWeights(ctx context.Context, a *app.App, name, file, net, sweep string, rename weights.Rename) (err error) {
	if err := checkName(name); err != nil {
		return err
	}
	if net == "" {
		return exit.Usagef("--net is missing: say which network the weights are of (`lossatlas nets` lists them)")
	}
	network, err := namedNetwork(net, sweep)
	if err != nil {
		return err
	}
	b, notes, err := launch.Weights(file, network, rename)
	if err != nil {
		return err
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	before, err := s.Store.Root(ctx, name)
	switch {
	case errors.Is(err, artifacts.ErrNotFound):
	case err != nil:
		return err
	case before.Steps[name].Kind != sweeps.KindWeights:
		return exit.Usagef("there is a sweep %s: choose another name for the weights", name)
	}
	blob, err := s.Store.Put(ctx, b)
	if err != nil {
		return err
	}
	// The record is that of a sweep without experiments, so that readers of records find the weights.
	graph, err := json.Marshal(pipelines.Graph{Sweep: name})
	if err != nil {
		return err
	}
	empty, err := s.Store.Put(ctx, graph)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	err = s.Store.PutRoot(ctx, artifacts.Root{
		Sweep: name, RunID: uuid.NewString(), Started: now, Finished: now, State: artifacts.StateDone, Graph: empty,
		Steps: map[string]artifacts.RootStep{name: {Kind: sweeps.KindWeights, State: artifacts.StateCached, Outputs: map[string]artifacts.Blob{pipelines.OutWeights: blob}}},
	})
	if err != nil {
		return err
	}
	if a.Settings.Output != "text" {
		return a.PrintJSON(imported{name, net, blob.Digest, blob.Size, notes})
	}
	for _, note := range notes {
		a.Say("%s: %s", file, note)
	}
	_, err = fmt.Fprintf(a.Out, "%s  %s of %s (%s)\n", blob.Digest, name, net, app.Size(blob.Size))
	return err
}
