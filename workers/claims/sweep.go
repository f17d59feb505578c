package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
	"lossatlas/activities/work"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/export"
	"lossatlas/workers/internal/results"
)

// sweep is an exported sweep.
type sweep struct {
	export.Document
	dir string
}

// open reads the sweep that was exported to a folder; nil where there is none.
func open(dir string) (*sweep, error) {
	b, err := os.ReadFile(filepath.Join(dir, export.DocumentName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &sweep{dir: dir}
	if err := json.Unmarshal(b, &s.Document); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, export.DocumentName), err)
	}
	if s.Format != export.Format || !s.Complete {
		return nil, fmt.Errorf("%s is no whole export of a sweep: give `lossatlas export sweep` again", dir)
	}
	return s, nil
}

// file reads the file of a step's output that ends in ext; nil where the step has no such result.
func (s *sweep) file(step, output, ext string) ([]byte, error) {
	for _, f := range s.Files {
		if f.Step == step && f.Output == output && strings.HasSuffix(f.Path, ext) {
			return os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(f.Path)))
		}
	}
	return nil, nil
}

// read is file, through a decoder: nil where the step has no such result.
func read[T any](s *sweep, step, output, ext string, decode func([]byte) (*T, error)) (*T, error) {
	b, err := s.file(step, output, ext)
	if err != nil || b == nil {
		return nil, err
	}
	v, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", s.Sweep, step, err)
	}
	return v, nil
}

// asJSON decodes JSON.
func asJSON[T any](b []byte) (*T, error) {
	v := new(T)
	return v, json.Unmarshal(b, v)
}

func (s *sweep) grid(step string) (*surface.Grid, error) {
	return read(s, step, pipelines.OutGrid, ".npz", surface.DecodeNPZ)
}

func (s *sweep) log(experiment string) (*work.TrainLog, error) {
	return read(s, experiment+"/train", pipelines.OutLog, ".json", asJSON[work.TrainLog])
}

func (s *sweep) path(step string) (*trajectory.Path, error) {
	return read(s, step, pipelines.OutPath, ".json", trajectory.DecodePath)
}

func (s *sweep) flatness(step string) (*work.FlatnessResult, error) {
	return read(s, step, pipelines.OutFlatness, ".json", asJSON[work.FlatnessResult])
}

// param is a parameter of an experiment as a number; NaN where it has none.
func param(e results.Experiment, name string) float64 {
	if v, ok := e.Params[name].(float64); ok {
		return v
	}
	return math.NaN()
}

const (
	batchSize   = "train.batch_size"
	weightDecay = "train.optimizer.weight_decay"
	network     = "train.net"
)

// byDecay are the experiments without and with weight decay, from the smallest to the largest batch.
func (s *sweep) byDecay() (without, with []results.Experiment) {
	for _, e := range s.Experiments {
		if param(e, weightDecay) == 0 {
			without = append(without, e)
		} else {
			with = append(with, e)
		}
	}
	for _, list := range [][]results.Experiment{without, with} {
		slices.SortStableFunc(list, func(a, b results.Experiment) int {
			return int(math.Copysign(1, param(a, batchSize)-param(b, batchSize)))
		})
	}
	return without, with
}

// experiment is the one of a network.
func (s *sweep) experiment(net string) (results.Experiment, bool) {
	for _, e := range s.Experiments {
		if e.Params[network] == net {
			return e, true
		}
	}
	return results.Experiment{}, false
}

// bound writes a measure, marked where it is a lower bound.
func bound(m surface.Measured, digits int) string { return m.Mark(decimal(m.Value, digits)) }

// decimal writes a number; nothing for what is not known.
func decimal(v float64, digits int) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 0):
		return "∞"
	case v != 0 && (math.Abs(v) >= 1e5 || math.Abs(v) < 0.5*math.Pow10(-digits)):
		return fmt.Sprintf("%.*e", max(digits-1, 1), v)
	}
	return fmt.Sprintf("%.*f", digits, v)
}
