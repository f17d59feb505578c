package program

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/activities/nets"
	"lossatlas/activities/runner/networks"
	"lossatlas/artifacts"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/pipelines/syntax"
	"lossatlas/workers/home"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/export"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/table"
)

func versionCommand(a *app.App) *cobra.Command {
	return app.Command("version", "Print the version; with --output json also the versions of formats", cobra.NoArgs, func(*cobra.Command, []string) error {
		if a.Settings.Output != "text" {
			return a.PrintJSON(map[string]any{
				"version": a.BuildVersion(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
				"formats": map[string]any{"home": home.Format, "store": artifacts.StoreFormat, "keys": artifacts.KeySchema, "plan": launch.PlanFormat, "export": export.Format},
			})
		}
		_, err := fmt.Fprintf(a.Out, "lossatlas %s (%s, %s/%s)\n", a.BuildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	})
}

// netRow is a network in the list of `nets`.
type netRow struct {
	Name       string `json:"name"`
	Parameters int    `json:"parameters"`
	MACs       int64  `json:"macs"` // multiply-adds of a forward pass of one image
	// Estimates of the bytes that batches of memoryBatch images take.
	EvaluateBytes int64 `json:"evaluate_bytes"`
	TrainBytes    int64 `json:"train_bytes"`
	HessianBytes  int64 `json:"hessian_bytes"` // of a Hessian-vector product
}

// memoryBatch is the batch for which memory is estimated, the usual one.
const memoryBatch = 128

func netsCommand(a *app.App) *cobra.Command {
	var expect string
	cmd := app.Command("nets [NETWORK|SWEEP.yaml|MODEL]", "List the built-in networks or the networks of a sweep file, with parameters, multiply-adds per image and memory; or the layers of a built-in network, or the tensors of a model file", cobra.MaximumNArgs(1), func(_ *cobra.Command, args []string) error {
		if len(args) == 1 && launch.IsModel(args[0]) {
			return describeModel(a, args[0], expect)
		}
		if base, _, _ := strings.Cut(strings.Join(args, ""), ":"); expect == "" && slices.Contains(nets.Names(), base) {
			return describeBuiltIn(a, args[0])
		}
		if expect != "" {
			return exit.Usagef("--expect has an effect on a model file alone; leave it out")
		}
		var list []sweepfile.NamedNetwork
		for _, name := range nets.Names() {
			list = append(list, launch.BuiltIn(name))
		}
		if len(args) == 1 {
			if _, err := os.Stat(args[0]); err != nil && !strings.ContainsAny(args[0], "./") {
				return exit.Usagef("there is no network %s%s; give a built-in network, a model file or a sweep file", args[0], syntax.DidYouMean(args[0], nets.Names()))
			}
			s, err := launch.Read(args[0], "")
			if err != nil {
				return err
			}
			list = s.Networks()
		}
		var rows []netRow
		for _, named := range list {
			n, err := networks.Of(named.Network, named.Problem)
			if err != nil {
				return err
			}
			memory := n.Memory(memoryBatch)
			rows = append(rows, netRow{named.Name, n.NumParams(), n.MACs(), memory.Evaluate, memory.Train, memory.Product})
		}
		return app.PrintList(a, rows, func() error {
			t := table.Table{Header: []string{"NET", "PARAMETERS", "MULTIPLY-ADDS", "EVALUATE", "TRAIN", "HESSIAN"}, Right: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true}}
			for _, r := range rows {
				t.Add(r.Name, r.Parameters, multiplyAdds(r.MACs), app.Size(r.EvaluateBytes), app.Size(r.TrainBytes), app.Size(r.HessianBytes))
			}
			if err := t.Text(a.Out); err != nil {
				return err
			}
			text := fmt.Sprintf("EVALUATE, TRAIN and HESSIAN (a Hessian-vector product) are the estimated memory of weights and activations for batches of %d images; the process takes about twice that, for HESSIAN up to 3.5 times that, plus 400 MB.", memoryBatch)
			_, err := fmt.Fprint(a.Out, "\n"+table.Paragraph(a.Out, "", "", text))
			return err
		})
	})
	cmd.Flags().StringVar(&expect, "expect", "", "`file` (.npz) with inputs x of the MODEL and the outputs y that its own framework computed, to compare with")
	return cmd
}

// multiplyAdds writes a number of multiply-adds for people.
func multiplyAdds(n int64) string {
	switch {
	case n < 1e3:
		return strconv.FormatInt(n, 10)
	case n < 1e5:
		return fmt.Sprintf("%.1f k", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f M", float64(n)/1e6)
}
