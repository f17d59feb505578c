package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/activities/npz"
	"lossatlas/activities/safetensors"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/results"
	"lossatlas/workers/internal/session"
)

func (a *app) exportCommand() *cobra.Command {
	grid := command("grid STEP|DIGEST FILE", "Write a line or surface as NPZ, CSV or VTK, by the end of the file's name (.npz, .csv, .vts)", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error { return a.exportGrid(cmd.Context(), args[0], args[1]) })
	grid.Long = grid.Short + `.

A step is named as in ` + "`lossatlas status`" + `: sweep/experiment/step, or any end of that
which is unique. The NPZ holds float64 arrays x, y, loss[y][x], accuracy[y][x], the mask of
evaluated points, and the provenance as JSON in "meta".`
	weights := command("weights STEP|DIGEST FILE.safetensors", "Write trained weights as safetensors with PyTorch's names and layouts", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error { return a.exportWeights(cmd.Context(), args[0], args[1]) })
	weights.Long = weights.Short + `.

A training that keeps weights along its way (train.checkpoints) has one output for each, as
sweep/experiment/train/checkpoint-00010; 00000 is the initial weights.`
	path := command("path STEP|DIGEST FILE", "Write the path of a training as JSON or CSV, by the end of the file's name (.json, .csv)", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error { return a.exportPath(cmd.Context(), args[0], args[1]) })
	path.Long = path.Short + `.

For each epoch its coordinates along the first two principal components and along two random
directions, the norm of the weights and their distance from the last ones.`
	spectrum := command("spectrum STEP|DIGEST FILE", "Write the spectrum of a Hessian as NPZ or CSV, by the end of the file's name (.npz, .csv)", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			return a.exportSpectrum(cmd.Context(), args[0], args[1])
		})
	spectrum.Long = spectrum.Short + `.

The NPZ holds lambda_min, lambda_max and their residuals, trace and trace_error, the nodes and
weights of each random vector's quadrature, the density over x, and the provenance as JSON in
"meta"; the CSV the density over x.`
	directions := command("directions STEP|DIGEST FILE", "Write the directions of a map as safetensors or NPZ (.safetensors, .npz)", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			return a.exportDirections(cmd.Context(), args[0], args[1])
		})
	directions.Long = directions.Short + `.

The tensors are called x/<parameter> and y/<parameter>, with PyTorch's names and layouts of
parameters.`
	return group("export", "Write results to files", grid, weights, directions, path, spectrum)
}

// checkpointName is what the weights kept along a training are called.
var checkpointName = regexp.MustCompile(`^checkpoint-[0-9]{5,}$`)

// blob fetches the output that a name stands for.
func (a *app) blob(ctx context.Context, s *session.Session, name, output string) ([]byte, error) {
	roots, err := s.Store.Roots(ctx)
	if err != nil && roots == nil {
		return nil, err
	}
	d, err := results.Resolve(roots, name, output)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return s.Store.Get(ctx, d)
}

func (a *app) exportGrid(ctx context.Context, name, file string) error {
	return a.export(ctx, name, pipelines.OutGrid, file, func(b []byte, ext string) ([]byte, error) {
		g, err := surface.DecodeNPZ(b)
		if err != nil {
			return nil, fmt.Errorf("%s is no grid: %w", name, err)
		}
		switch ext {
		case ".npz":
			return b, nil
		case ".csv":
			return g.CSV()
		case ".vts":
			return g.VTS()
		}
		return nil, exit.Usagef("%s: a grid is written as .npz, .csv or .vts", file)
	})
}

func (a *app) exportPath(ctx context.Context, name, file string) error {
	return a.export(ctx, name, pipelines.OutPath, file, func(b []byte, ext string) ([]byte, error) {
		p, err := trajectory.DecodePath(b)
		if err != nil {
			return nil, fmt.Errorf("%s is no path: %w", name, err)
		}
		switch ext {
		case ".json":
			return b, nil
		case ".csv":
			return p.CSV()
		}
		return nil, exit.Usagef("%s: a path is written as .json or .csv", file)
	})
}

func (a *app) exportWeights(ctx context.Context, name, file string) error {
	output := pipelines.OutWeights
	if i := strings.LastIndexByte(name, '/'); checkpointName.MatchString(name[i+1:]) {
		output = name[i+1:]
	}
	return a.export(ctx, name, output, file, func(b []byte, ext string) ([]byte, error) {
		if _, _, err := safetensors.Decode(b); err != nil {
			return nil, fmt.Errorf("%s is no weights file: %w", name, err)
		}
		if ext != ".safetensors" {
			return nil, exit.Usagef("%s: weights are written as .safetensors", file)
		}
		return b, nil
	})
}

func (a *app) exportSpectrum(ctx context.Context, name, file string) error {
	return a.export(ctx, name, pipelines.OutSpectrum, file, func(b []byte, ext string) ([]byte, error) {
		s, err := spectrum.DecodeNPZ(b)
		if err != nil {
			return nil, fmt.Errorf("%s is no spectrum: %w", name, err)
		}
		switch ext {
		case ".npz":
			return b, nil
		case ".csv":
			return s.CSV(), nil
		}
		return nil, exit.Usagef("%s: a spectrum is written as .npz or .csv", file)
	})
}

func (a *app) exportDirections(ctx context.Context, name, file string) error {
	return a.export(ctx, name, pipelines.OutDirections, file, func(b []byte, ext string) ([]byte, error) {
		tensors, _, err := safetensors.Decode(b)
		if err != nil {
			return nil, fmt.Errorf("%s is no directions file: %w", name, err)
		}
		switch ext {
		case ".safetensors":
			return b, nil
		case ".npz":
			var arrays []npz.Array
			for _, t := range tensors {
				arrays = append(arrays, npz.Array{Name: t.Name, Shape: t.Shape, Data: t.Data})
			}
			return npz.Encode(arrays)
		}
		return nil, exit.Usagef("%s: directions are written as .safetensors or .npz", file)
	})
}

// export writes an output to a file, in the form that the file's name asks for.
func (a *app) export(ctx context.Context, name, output, file string, convert func(b []byte, ext string) ([]byte, error)) (err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	b, err := a.blob(ctx, s, name, output)
	if err != nil {
		return err
	}
	b, err = convert(b, strings.ToLower(filepath.Ext(path)))
	if err != nil {
		return err
	}
	if err := writeFile(path, b); err != nil {
		return err
	}
	a.say("wrote %s (%s)", path, size(int64(len(b))))
	return nil
}
