package launch

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"lossatlas/activities/data/files"
	"lossatlas/activities/hlo"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/pipelines/syntax"
	"lossatlas/workers/internal/exit"
)

// Subject is a network and its data, as a sweep file would name them.
type Subject struct {
	Net     *nets.Net
	Data    sweepfile.Dataset
	Problem problem.Problem
	Notes   []string // about network and data
	// DataNotes are those of Notes about the data.
	DataNotes []string
}

// Describe reads a network, the name of a built-in one or a file or folder, and data. Of from, whose fields may be empty, the
// file of weights gives parameters the names that the network's file lacks; weights that don't fit, and outputs that differ from those of
// the file Expect, are an error. Paths are relative to a folder. StableHLO programs compute their own loss of the data as they are, unless
// choices say something else.
func Describe(folder, network string, from sweepfile.Import, choices sweepfile.DataChoices) (out Subject, err error) {
	cat := catalogAt(folder)
	n := pipelines.Network(network)
	if base, _, _ := strings.Cut(network, ":"); !slices.Contains(cat.Nets, base) {
		var named []string
		if from.File != "" {
			named = []string{resolvePath(folder, from.File)}
		}
		path := resolvePath(folder, network)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !syntax.IsPath(network) {
			return Subject{}, exit.Usagef("%s is no built-in network (`lossatlas nets` lists them) and no file here%s", network, similarFile(path, nets.Names()...))
		}
		m, err := readModel(path, named...)
		if err != nil {
			return Subject{}, err
		}
		n, out.Notes = m.network, append(out.Notes, m.notes...)
		if hlo.Is(m.program) {
			choices.Loss = cmp.Or(choices.Loss, problem.Program)
			if choices.IsFile() && choices.Mean == nil && choices.Deviation == nil {
				choices.Normalization = cmp.Or(choices.Normalization, files.NoNormalization)
			}
		}
	}
	if out.Data, err = cat.Data(choices); err != nil {
		var field *sweepfile.FieldError
		if errors.As(err, &field) {
			err = fmt.Errorf("--%s: %w", field.Field, err)
		}
		return Subject{}, exit.With(exit.Usage, err)
	}
	if out.Problem, err = problem.Parse([]byte(out.Data.Problem)); err != nil {
		return Subject{}, err
	}
	if choices.IsFile() {
		files, err := openData(folder, choices)
		if err != nil {
			return Subject{}, err
		}
		out.Notes, out.DataNotes = append(out.Notes, files.Notes...), files.Notes
	}
	if out.Net, err = build(n, out.Data.Problem); err != nil {
		if choices.IsFile() && choices.Loss == "" && areClasses(cat, n, choices) {
			err = fmt.Errorf("%w\n  The labels are whole numbers, stored as floating-point ones, and fit the network as classes: --loss %s", err, problem.CrossEntropy)
		}
		return Subject{}, exit.Usagef("with the data %s: %w", choices.Name, err)
	}
	if from == (sweepfile.Import{}) {
		return out, nil
	}
	from.File, from.Net, from.Problem, from.Name = cmp.Or(from.File, network), n, out.Data.Problem, network
	_, _, err = read(folder, from)
	return out, err
}

// areClasses says whether a network fits data whose labels are taken for classes.
func areClasses(cat sweepfile.Catalog, n pipelines.Network, choices sweepfile.DataChoices) bool {
	choices.Loss = problem.CrossEntropy
	d, err := cat.Data(choices)
	if err != nil {
		return false
	}
	_, err = build(n, d.Problem)
	return err == nil
}

// Size says how large an example is, and of what: "1×28×28 numbers of float32, channels first".
func (s Subject) Size() string {
	var dims []string
	for _, d := range s.Problem.Shape {
		dims = append(dims, fmt.Sprint(d))
	}
	text := strings.Join(dims, "×") + " " + string(s.Problem.Type)
	switch {
	case s.Problem.IsImage() && s.Problem.ChannelsFirst:
		text += ", channels first"
	case s.Problem.IsImage():
		text += ", channels last"
	}
	return text
}
