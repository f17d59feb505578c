package launch

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
	"lossatlas/activities/runner/networks"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
)

// Catalog is the list of names that sweep files may use.
func Catalog() sweepfile.Catalog {
	return sweepfile.Catalog{
		Nets: nets.Names(), Datasets: datasets(), Losses: problem.Losses(), Scores: problem.Scores(), MapLoss: mapLoss, CheckNetwork: checkNetwork, CheckLayers: checkLayers,
	}
}

// catalogAt is the Catalog with files, whose paths are relative to a folder.
func catalogAt(folder string) sweepfile.Catalog {
	cat := Catalog()
	cat.Data = func(c sweepfile.DataChoices) (sweepfile.Dataset, error) { return dataset(folder, c) }
	cat.Checkpoints = func(path string) ([]sweepfile.Checkpoint, error) { return checkpointsAt(folder, path) }
	cat.CheckWeights = func(path string) error {
		if path = resolvePath(folder, path); !exists(path) {
			return fmt.Errorf("there is no file or folder %s%s", path, similarFile(path))
		}
		return nil
	}
	cat.NetworkOfFile = func(path string, weights []string) (pipelines.Network, error) {
		var files []string
		for _, w := range weights {
			files = append(files, resolvePath(folder, w))
		}
		m, err := readModel(resolvePath(folder, path), files...)
		if err != nil {
			return "", err
		}
		return m.network, nil
	}
	cat.CheckCurvature = networks.CheckCurvature
	return cat
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// resolvePath is a path of a sweep file in a folder.
func resolvePath(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// BuiltIn is a built-in network for the first of the data sets.
func BuiltIn(name string) sweepfile.NamedNetwork {
	return sweepfile.NamedNetwork{Name: name, Network: pipelines.Network(name), Problem: datasets()[0].Problem}
}

func datasets() (out []sweepfile.Dataset) {
	for _, s := range data.Sets() {
		out = append(out, sweepfile.Dataset{Name: s.Name, Problem: pipelines.Problem(s.Problem.String()), Train: s.Train, Test: s.Test, Augment: s.Augment})
	}
	return out
}

// dataset is a data set with the choices of a sweep file.
func dataset(folder string, c sweepfile.DataChoices) (sweepfile.Dataset, error) {
	out := sweepfile.Dataset{Name: c.Name}
	var p problem.Problem
	if c.IsFile() {
		files, err := openData(folder, c)
		if err != nil {
			return out, err
		}
		p = files.Problem
		if out.Train, out.Test, err = files.sizes(); err != nil {
			return out, err
		}
	} else {
		known, err := data.Lookup(c.Name)
		if err != nil {
			return out, err
		}
		if err := c.CheckBuiltIn(); err != nil {
			return out, err
		}
		p, out.Train, out.Test, out.Augment = known.Problem, known.Train, known.Test, known.Augment
	}
	chosen, err := choose(p, c)
	of := titled(chosen)
	out.Problem, out.Loss, out.Score = of.Problem, of.Name, of.Score
	return out, err
}

// choose is a problem with the normalization, loss and score that a sweep file chooses.
func choose(p problem.Problem, c sweepfile.DataChoices) (problem.Problem, error) {
	if c.Mean != nil || c.Deviation != nil {
		mean, deviation, err := normalization(p, c)
		if err != nil {
			return p, err
		}
		p.Mean, p.Deviation = mean, deviation
	}
	o := problem.LossOptions{Smoothing: c.Smoothing, ClassWeights: c.ClassWeights, Ignore: c.Ignore, Delta: c.Delta}
	return withLoss(p, c.Name, cmp.Or(c.Loss, p.Loss), c.Score, o)
}

// withLoss is a problem with another loss and score for the labels of a data set.
func withLoss(p problem.Problem, dataset, loss, score string, o problem.LossOptions) (problem.Problem, error) {
	had := p
	p.Loss, p.Score, p.LossOptions = loss, score, o
	if err := p.Check(); err != nil {
		return p, &sweepfile.FieldError{Field: "loss", Err: err}
	}
	if p.HasTargets() != had.HasTargets() {
		kind := map[bool]string{true: "numbers", false: "classes"}
		return p, &sweepfile.FieldError{Field: "loss", Err: fmt.Errorf("%s compares with %s, and the labels of %s are %s", p.Loss, kind[p.HasTargets()], dataset, kind[had.HasTargets()])}
	}
	return p, nil
}

// mapLoss is the loss of a map in a problem: a loss by its name has the options next to it alone, and the label that the problem
// ignores; else the options next to it take the place of the problem's.
func mapLoss(of pipelines.Problem, dataset string, c sweepfile.LossChoices) (sweepfile.Loss, error) {
	p, err := problem.Parse([]byte(of))
	if err != nil {
		return sweepfile.Loss{}, err
	}
	loss, score, o := p.Loss, p.Score, p.LossOptions
	if c.Loss != "" {
		loss, score, o = c.Loss, "", problem.LossOptions{Ignore: p.Ignore}
	}
	if c.Smoothing != nil {
		o.Smoothing = *c.Smoothing
	}
	if c.ClassWeights != nil {
		o.ClassWeights = c.ClassWeights
	}
	if c.IgnoreLabel != nil {
		o.Ignore = c.IgnoreLabel
	}
	p, err = withLoss(p, dataset, loss, cmp.Or(c.Score, score), problem.LossOptions{
		Smoothing: o.Smoothing, ClassWeights: o.ClassWeights, Ignore: o.Ignore, Delta: cmp.Or(c.Delta, o.Delta)})
	return titled(p), err
}

// titled is a problem with the names of its loss and score.
func titled(p problem.Problem) sweepfile.Loss {
	return sweepfile.Loss{Problem: pipelines.Problem(p.String()), Name: p.LossTitle(), Score: string(p.ScoreTitle())}
}

// normalization is mean and deviation in the numbers of the data. For images of 8 bits PyTorch's convention is known, too: shares of 255.
func normalization(p problem.Problem, c sweepfile.DataChoices) (mean, deviation []float64, err error) {
	mean, deviation = c.Mean, c.Deviation
	n := max(len(mean), len(deviation))
	if mean == nil {
		mean = make([]float64, n)
	}
	if deviation == nil {
		deviation = make([]float64, n)
		for i := range deviation {
			deviation[i] = 1
		}
	}
	if p.Type == problem.Uint8 && isShare(mean) && isShare(c.Deviation) {
		mean, deviation = times255(mean), times255(deviation)
	}
	for _, v := range []struct {
		field  string
		values []float64
	}{{"mean", c.Mean}, {"deviation", c.Deviation}} {
		if have, channels := len(v.values), p.Channels(); have > 1 && have != channels {
			return nil, nil, &sweepfile.FieldError{Field: v.field, Err: fmt.Errorf("want one number, or one for each channel (%d), got %d", channels, have)}
		}
	}
	if len(mean) != len(deviation) {
		return nil, nil, &sweepfile.FieldError{Field: "deviation", Err: fmt.Errorf("%d numbers for %d means: give as many of both", len(deviation), len(mean))}
	}
	return mean, deviation, nil
}

func isShare(v []float64) bool {
	for _, x := range v {
		if x > 1 || x < -1 {
			return false
		}
	}
	return true
}

func times255(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = 255 * x
	}
	return out
}

// checkLayers is the check of layers of a Catalog. Errors of the network itself are reported by checkNetwork.
func checkLayers(n pipelines.Network, p pipelines.Problem, layers string) error {
	if p == "" {
		return nil
	}
	net, err := build(n, p)
	if err != nil {
		return nil
	}
	_, err = nets.Within(net.Params(), layers)
	return err
}

// checkNetwork builds a network for the problem of a data set. Unknown data sets are reported elsewhere.
func checkNetwork(n pipelines.Network, p pipelines.Problem) (place []string, err error) {
	if p == "" {
		return nil, nil
	}
	_, err = build(n, p)
	var at *nets.LayerError
	if errors.As(err, &at) {
		return at.Innermost()
	}
	return nil, err
}
