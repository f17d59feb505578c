package run

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/text/unicode/norm"

	"lossatlas/activities"
	"lossatlas/activities/data"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/pipelines/syntax"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/serve"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/export"
	"lossatlas/workers/internal/launch"
)

func mapCommand(a *app.App) *cobra.Command {
	m := mapping{App: a}
	cmd := app.Command("map MODEL --data DATA", "Map the loss around the weights of a trained network, and open the page", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return m.do(cmd.Context(), args[0]) })
	cmd.Long = cmd.Short + `.

MODEL is a file of torch.export.save (.pt2) or ONNX (.onnx), a folder of StableHLO programs (JAX), or the name of a built-in network with --weights. DATA is a
file or folder of examples with labels, or the name of a built-in data set. A sweep file is written next to MODEL, with
comments on the guesses; edit it and run it again to change the map.`
	m.bind(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&m.weights, "weights", "", "`file` with other weights than those in MODEL")
	f.StringVar(&m.expect, "expect", "", "`file` (.npz) with inputs x of MODEL and the outputs y that its own framework computed, to compare with")
	f.StringVar(&m.name, "name", "", "`name` of the sweep and its file (default: that of MODEL)")
	f.BoolVar(&m.quiet, "no-open", false, "don't open the page")
	return cmd
}

// bind adds the flags that describe the data and how weights are read.
func (m *mapping) bind(f *pflag.FlagSet) {
	f.StringVar(&m.data.Name, "data", "", "`file` or folder with examples and labels, or a built-in data set")
	f.StringVar(&m.data.Labels, "labels", "", "`file` with the labels, if they are not in that of the examples")
	f.StringSliceVar(&m.rename, "rename", nil, "`FROM=TO`,…: rename parts (between dots) of the names in the file of weights, such as fc=linear")
	f.StringVar(&m.data.Loss, "loss", "", "`name` of the loss: "+strings.Join(problem.Losses(), ", ")+" (default: that of the labels)")
	f.Float64SliceVar(&m.data.Mean, "mean", nil, "`numbers` to subtract from the channels of the inputs")
	f.Float64SliceVar(&m.data.Deviation, "deviation", nil, "`numbers` to divide the channels by afterwards")
	f.Lookup("mean").DefValue, f.Lookup("deviation").DefValue = "", "" // not "[]" in the help
	f.IntVar(&m.images, "images", 1000, "evaluate the first `N` examples of each split")
	f.BoolVar(&m.spectrum, "spectrum", false, "also compute the spectrum of the Hessian, in about twice the time of the surface")
}

// mapping is one call of `lossatlas map`.
type mapping struct {
	*app.App
	name, weights, expect string
	rename                []string

	data   sweepfile.DataChoices
	images int
	// spectrum asks for a map of the Hessian's eigenvalues, too.
	spectrum bool
	quiet    bool
	// folder is the folder of checkpoints that `watch-folder` watches, "" for a map of one network.
	folder string
}

func (m *mapping) do(ctx context.Context, model string) error {
	if len(m.rename) > 0 && m.weights == "" {
		return exit.Usagef("--rename gives names in the file of --weights others; name that file, or leave --rename out")
	}
	file, err := m.write(model)
	if err != nil {
		return err
	}
	r := &run{App: m.App, priority: activities.DefaultPriority}
	if err := r.do(ctx, file); err != nil || m.quiet {
		return err
	}
	if err := serve.Browse(ctx, m.App, m.Home.Path("reports", r.sweep.Name, "index.html")); err != nil {
		m.Log.Info().Err(err).Msg("no browser was started")
	}
	return nil
}

// write writes the sweep file and returns its path. An existing file of other content is an error.
func (m *mapping) write(model string) (string, error) {
	if m.data.Name == "" {
		verb := "map"
		if m.folder != "" {
			verb = "watch-folder"
		}
		return "", exit.Usagef("%s needs --data: a file or folder with examples and labels, or a built-in data set", verb)
	}
	if m.images < 1 {
		return "", exit.Usagef("--images %d: want at least 1 example", m.images)
	}
	folder, err := filepath.Abs(".")
	if err != nil {
		return "", err
	}
	isPath := syntax.IsPath(model) || launch.IsModel(model) // a folder may look like a name
	if !isPath && m.weights == "" && m.folder == "" && slices.Contains(nets.Names(), model) {
		return "", exit.Usagef("map needs the weights of the built-in network %s: give its checkpoint with --weights; to train it, write a sweep file for `lossatlas run`", model)
	}
	if isPath {
		if model, err = filepath.Abs(model); err != nil {
			return "", err
		}
		folder = filepath.Dir(model)
	}
	for _, path := range []*string{&m.weights, &m.expect, &m.data.Labels} {
		if err := relative(folder, path); err != nil {
			return "", err
		}
	}
	if _, err := data.Lookup(m.data.Name); err != nil { // no built-in data set
		if err := relative(folder, &m.data.Name); err != nil {
			return "", err
		}
	}
	name := m.name
	if name == "" {
		base := filepath.Base(model)
		if name = sweepName(base); name != strings.TrimSuffix(base, filepath.Ext(base)) {
			fmt.Fprintf(m.Err, "the sweep is called %s, since names of sweeps have letters without accents, digits, ., _ and - only; --name chooses another\n", name)
		}
	}
	if isPath {
		model = filepath.Base(model)
		if !syntax.IsPath(model) {
			model = "./" + model
		}
	}
	from := sweepfile.Import{File: m.weights, Rename: strings.Join(m.rename, ","), Expect: m.expect}
	subject, err := launch.Describe(folder, model, from, m.data)
	if err != nil {
		return "", err
	}
	m.Settle() // before anything is said, which the process would say again
	m.printGuesses(subject)
	text := m.text(name, model, subject)
	file := filepath.Join(folder, name+".yaml")
	switch have, err := os.ReadFile(file); {
	case err == nil && !bytes.Equal(have, text):
		return "", exit.Usagef("%s is there already and says something else: `lossatlas %s %s` runs it; remove it, or choose another --name, for a new one", file, m.command(), file)
	case err == nil:
		return file, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if err := export.WriteFile(file, text); err != nil {
		return "", exit.With(exit.Usage, err)
	}
	fmt.Fprintf(m.Err, "wrote %s\n", file)
	return file, nil
}

// printGuesses prints the guesses about data from files, since a wrong guess makes wrong maps.
func (m *mapping) printGuesses(s launch.Subject) {
	for _, note := range s.DataNotes {
		fmt.Fprintf(m.Err, "%s: %s\n", m.data.Name, note)
	}
	if m.data.IsFile() && m.data.Loss == "" && s.Net.StableHLO() == nil {
		fmt.Fprintf(m.Err, "loss: %s (guessed from the labels; --loss chooses another)\n", s.Problem.Loss)
	}
}

// command runs the sweep file.
func (m *mapping) command() string {
	if m.folder != "" {
		return "watch-folder " + m.folder
	}
	return "run"
}

// relative makes a path relative to a folder, if it is set.
func relative(folder string, path *string) error {
	if *path == "" {
		return nil
	}
	whole, err := filepath.Abs(*path)
	if err != nil {
		return err
	}
	if *path, err = filepath.Rel(folder, whole); err != nil {
		*path = whole
	}
	if !syntax.IsPath(*path) { // else it would be taken for a name
		*path = "." + string(filepath.Separator) + *path
	}
	return nil
}

var noName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// sweepName is a name for the sweep over a model.
func sweepName(model string) string {
	var plain strings.Builder
	for _, r := range norm.NFKD.String(strings.TrimSuffix(model, filepath.Ext(model))) {
		if !unicode.Is(unicode.Mn, r) { // accents
			plain.WriteRune(r)
		}
	}
	name := strings.Trim(noName.ReplaceAllString(plain.String(), "-"), "._-")
	name = strings.TrimRight(name[:min(len(name), 64)], "._-")
	return cmp.Or(name, "map")
}

// text is the sweep file.
func (m *mapping) text(name, model string, s launch.Subject) []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if m.folder != "" {
		say("# Written by `lossatlas watch-folder`, which adds an experiment for each checkpoint.")
		say("# Edit it, and start `lossatlas watch-folder %s` with this file.", m.folder)
	} else {
		say("# Written by `lossatlas map`. Edit it, and run it again with `lossatlas run`.")
	}
	for _, note := range s.Notes {
		say("# %s", strings.ReplaceAll(note, "\n", " "))
	}
	say("name: %s", name)
	say("dataset:")
	say("  name: %s # %s of %s", quoted(m.data.Name), app.Count(s.Data.Train, "example"), s.Size())
	for _, split := range []struct {
		name string
		have int
	}{{"train", s.Data.Train}, {"test", s.Data.Test}} {
		if split.have > m.images {
			say("  %s: %d # of %d", split.name, m.images, split.have)
		}
	}
	if m.data.Labels != "" {
		say("  labels: %s", quoted(m.data.Labels))
	}
	own := s.Net.StableHLO()
	switch {
	case own != nil:
		say("  loss: %s # that of the network", s.Problem.Loss)
		if !own.Score {
			say("  score: %s", problem.NoScore)
		}
		if s.Problem.Type == problem.Uint8 {
			say("  normalization: none")
		}
	case m.data.Loss != "":
		say("  loss: %s", m.data.Loss)
	default:
		say("  loss: %s # guessed from the labels", s.Problem.Loss)
	}
	if own == nil {
		m.normalization(say, s)
	}
	say("train:")
	say("  net: %s # %s in %s", quoted(model), app.Count(s.Net.NumParams(), "parameter"), app.Count(len(s.Net.Params()), "tensor"))
	if m.weights != "" {
		say("  import: %s", quoted(m.weights))
	}
	if len(m.rename) > 0 {
		say("  rename:")
	}
	for _, rule := range m.rename {
		from, to, _ := strings.Cut(rule, "=")
		say("    %s: %s", quoted(from), quoted(to))
	}
	if m.expect != "" {
		say("  expect: %s # outputs that the network must have", quoted(m.expect))
	}
	say("# Directions are normalized filter by filter; a filter is what makes one output of a convolution or linear layer, or a row of an embedding.")
	n := min(m.images, s.Data.Train)
	say("maps:")
	say("  - {kind: line, points: 41, splits: [train], images: %d}", n)
	if m.folder != "" {
		say("  # One range for all checkpoints. Their directions are one random draw, normalized by the weights of each.")
		say("  - {kind: surface, range: [-1, 1], resolution: 21, images: %d}", n)
	} else {
		say("  # auto: as far as the loss rises tenfold along each direction, in place of [-1, 1]; about 25 evaluations in addition to the 441 of the surface.")
		say("  - {kind: surface, range: auto, resolution: 21, images: %d}", n)
	}
	if own != nil && own.CheckHVP() != nil {
		say("# Maps of second derivatives need the program hvp.mlir; `lossatlas nets %s` says how to export it.", model)
	} else {
		off := "# "
		if m.spectrum {
			off = ""
		}
		say("  # λmax, λmin, trace and density of the Hessian's eigenvalues: about twice the time of a surface.")
		say("  %s- {kind: spectrum, subset: all, probes: 5, steps: 20, images: %d}", off, n)
	}
	if m.folder != "" {
		say("figures:")
		say("  - {kind: lines}")
	}
	return b.Bytes()
}

// normalization says how inputs reach the network.
func (m *mapping) normalization(say func(string, ...any), s launch.Subject) {
	list := func(v []float64) string { return strings.ReplaceAll(strings.Trim(fmt.Sprint(v), "[]"), " ", ", ") }
	switch {
	case m.data.Mean != nil || m.data.Deviation != nil:
		if m.data.Mean != nil {
			say("  mean: [%s]", list(m.data.Mean))
		}
		if m.data.Deviation != nil {
			say("  deviation: [%s]", list(m.data.Deviation))
		}
	case s.Problem.Mean != nil:
		say("  # The network gets (x - mean)/deviation: mean [%s], deviation [%s], in the numbers of the file.", list(s.Problem.Mean), list(s.Problem.Deviation))
		say("  # If it was trained on others, give mean and deviation, one number for each channel.")
	default:
		say("  # The network gets the numbers unchanged. If it was trained on normalized ones, give mean and deviation, one number for each channel.")
	}
}

// quoted is a text as YAML takes it.
func quoted(text string) string {
	if plainText.MatchString(text) {
		return text
	}
	return fmt.Sprintf("%q", text)
}

var plainText = regexp.MustCompile(`^[A-Za-z0-9./_-]+$`)
