package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/export"
	"lossatlas/workers/internal/session"
)

func exportCommand(a *app.App) *cobra.Command {
	one := func(use, output, short, long string) *cobra.Command {
		cmd := app.Command(use, short, cobra.ExactArgs(2),
			func(cmd *cobra.Command, args []string) error {
				return exportOutput(cmd.Context(), a, args[0], output, args[1], nil)
			})
		cmd.Long = short + ".\n\n" + long
		return cmd
	}
	var without []string
	sweep := app.Command("sweep SWEEP FOLDER", "Write all results of a sweep, numbers and pictures, into a folder, with a sweep.json that describes them", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			return exportSweep(cmd.Context(), a, args[0], args[1], without)
		})
	sweep.Long = sweep.Short + `.

Grids are written as NPZ, CSV and VTK, paths as JSON, CSV and VTK, spectra as NPZ and CSV, weights and
directions as safetensors, pictures, and the report. sweep.json has the sweep file, experiments and
comparisons with their parameters and results, each step's recipe and where it ran, and each file's digest.

Each file is written whole or not at all, and an export that was interrupted is continued. Of a sweep that is
not finished the results so far are written, and no result at all is an error; give the same command again for the rest.`
	sweep.Flags().StringSliceVar(&without, "without", nil, "leave large files out: `kinds` of "+strings.Join(export.Large, ", "))
	return app.Group("export", "Write results to files",
		sweep,
		one("grid STEP|DIGEST FILE", pipelines.OutGrid, "Write a line or surface as NPZ, CSV, VTK or a mesh, by the end of the file's name (.npz, .csv, .vts, .glb, .obj, .stl)",
			`A step is named as in `+"`lossatlas status`"+`: sweep/experiment/step, or any end of that
which is unique. The NPZ holds float64 arrays x, y, loss[y][x], accuracy[y][x], the mask of
evaluated points, and the provenance as JSON in "meta". Meshes of surfaces are glTF (.glb) and OBJ with colors,
and STL, which is closed, stands on a plate and is 100 mm long.`),
		one("weights STEP|DIGEST FILE.safetensors", pipelines.OutWeights, "Write trained weights as safetensors with PyTorch's names and layouts",
			`A training that keeps weights along its way (train.checkpoints) has one output for each, as
sweep/experiment/train/checkpoint-00010; 00000 is the initial weights.`),
		one("directions STEP|DIGEST FILE", pipelines.OutDirections, "Write the directions of a map as safetensors or NPZ (.safetensors, .npz)",
			`The tensors are called x/<parameter> and y/<parameter>, with PyTorch's names and layouts of
parameters.`),
		exportPictureCommand(a),
		exportDataCommand(a),
		exportFilmCommand(a),
		exportFragmentCommand(a),
		exportEigenvectorsCommand(a),
		exportBoardCommand(a),
		one("path STEP|DIGEST FILE", pipelines.OutPath, "Write the path of a training as JSON, CSV or VTK, by the end of the file's name (.json, .csv, .vtp)",
			`For each epoch its coordinates along the first two principal components and along two random
directions, the norm of the weights and their distance from the last ones. The .vtp is a line in the plane of
the surface around it (export grid … .vts), with the loss of that surface where there is one.`),
		one("spectrum STEP|DIGEST FILE", pipelines.OutSpectrum, "Write the spectrum of a Hessian as NPZ or CSV, by the end of the file's name (.npz, .csv)",
			`The NPZ holds lambda_min, lambda_max and their residuals, trace and trace_error, the nodes and
weights of each random vector's quadrature, the density over x, and the provenance as JSON in
"meta"; the CSV has the eigenvalues with their residuals, nodes, weights and density, told apart by the
column kind: largest, smallest, ritz or density.`),
	)
}

// pictures are the outputs of a picture, by the end of a file's name.
var pictures = map[string]string{".png": pipelines.OutPNG, ".svg": pipelines.OutSVG, ".pdf": pipelines.OutPDF}

func exportPictureCommand(a *app.App) *cobra.Command {
	cmd := app.Command("picture STEP FILE", "Write a picture as PNG, SVG or PDF, by the end of the file's name (.png, .svg, .pdf)", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			output, ok := pictures[strings.ToLower(filepath.Ext(args[1]))]
			if !ok {
				return exit.Usagef("%s: a picture is written as .png, .svg or .pdf", args[1])
			}
			return exportOutput(cmd.Context(), a, args[0], output, args[1], nil)
		})
	cmd.Long = cmd.Short + `.

A picture has the name of the step that drew it: quickstart/batch_size=128,lr=0.4/surface-train-contour,
or quickstart/figures/multiples for a figure of all experiments. Any unique end of the name is enough. The
file holds its recipe.`
	cmd.SuggestFor = []string{"pictures", "figure", "figures", "plot", "plots"}
	return cmd
}

// blob fetches the output that a name stands for.
func blob(ctx context.Context, a *app.App, s *session.Session, name, output string) ([]byte, error) {
	roots, err := sweeps.Stored(ctx, a, s)
	if err != nil {
		return nil, err
	}
	d, err := results.Resolve(roots, name, output)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return s.Store.Get(ctx, d)
}

func exportEigenvectorsCommand(a *app.App) *cobra.Command {
	var axes []int
	cmd := app.Command("eigenvectors STEP|DIGEST FILE", "Write the eigenvectors of a spectrum with vectors: true as safetensors or NPZ (.safetensors, .npz)", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			var pick func([]byte) ([]byte, error)
			if len(axes) > 0 {
				pick = func(stored []byte) ([]byte, error) { return export.AlongEigenvectors(stored, axes) }
			}
			return exportOutput(cmd.Context(), a, args[0], pipelines.OutEigenvectors, args[1], pick)
		})
	cmd.Long = cmd.Short + `.

The tensors are called largest-1/<parameter>, that of the largest eigenvalue, largest-2/<parameter> and so on, and smallest-1/<parameter>, with PyTorch's names
and layouts of parameters. Each eigenvector has the length 1. With --axes 1,-1 the file has the directions of a map: along the eigenvector of the largest and that of the
smallest eigenvalue, as directions: {import: FILE} of a sweep file takes them.`
	cmd.Flags().IntSliceVar(&axes, "axes", nil, "one or two eigenvectors as directions: `numbers`, from 1 for the largest eigenvalue, from -1 for the smallest")
	return cmd
}

// exportOutput writes an output to a file, in the form that the file's name asks for, of the part that pick takes; nil for all.
func exportOutput(ctx context.Context, a *app.App, name, output, file string, pick func([]byte) ([]byte, error)) (err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	if i := strings.LastIndexByte(name, '/'); output == pipelines.OutWeights && export.IsCheckpoint(name[i+1:]) {
		output = name[i+1:]
	}
	stored, err := blob(ctx, a, s, name, output)
	if no := (*results.NameError)(nil); output == pipelines.OutEigenvectors && errors.As(err, &no) && len(no.Matches) == 0 {
		return exit.Usagef("a spectrum keeps its eigenvectors where the map says vectors: true: %w", err)
	}
	if err != nil {
		return err
	}
	if pick != nil {
		if stored, err = pick(stored); err != nil {
			return exit.Usagef("%s: %w", name, err)
		}
	}
	ext := strings.ToLower(filepath.Ext(path))
	b, err := export.As(output, stored, ext)
	var form *export.FormError
	switch {
	case errors.As(err, &form):
		return exit.Usagef("%s: %w", file, err)
	case err != nil:
		return fmt.Errorf("%s can't be written as %s: %w", name, ext, err)
	case ext == ".vtp":
		if b, err = trackOn(ctx, a, s, stored, b); err != nil {
			return err
		}
	}
	if err := export.WriteFile(path, b); err != nil {
		return err
	}
	a.Say("wrote %s (%s)", path, app.Size(int64(len(b))))
	return nil
}

// trackOn is a path with the loss of the first surface around it that a recorded
// sweep has; bare where there is no such surface.
func trackOn(ctx context.Context, a *app.App, s *session.Session, path, bare []byte) ([]byte, error) {
	around, err := surfaceAround(ctx, a, s, path)
	if err != nil || around == nil {
		return bare, err
	}
	return export.Track(path, around)
}

// surfaceAround is the grid of the first surface around a path that a recorded sweep has; nil where there is no such surface.
func surfaceAround(ctx context.Context, a *app.App, s *session.Session, path []byte) ([]byte, error) {
	roots, err := sweeps.Stored(ctx, a, s)
	if err != nil {
		return nil, err
	}
	for _, o := range results.Outputs(roots) {
		if o.Output != pipelines.OutPath || o.Digest != artifacts.Of(path) {
			continue
		}
		for _, root := range roots {
			if root.Sweep != o.Sweep {
				continue
			}
			g, err := results.Graph(ctx, s.Store, root)
			if err != nil {
				return nil, err
			}
			if grid, ok := root.Steps[export.SurfaceOf(g, o.Step)].Outputs[pipelines.OutGrid]; ok {
				return s.Store.Get(ctx, grid.Digest)
			}
		}
	}
	return nil, nil
}

func exportBoardCommand(a *app.App) *cobra.Command {
	cmd := app.Command("tensorboard SWEEP FOLDER", "Write the curves and pictures of a sweep for TensorBoard", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			return exportBoard(cmd.Context(), a, args[0], args[1])
		})
	cmd.Long = cmd.Short + `.

Each experiment is a run: the losses, scores, learning rate and norm of the weights of its training by epoch, and its pictures. So is each comparison with
its pictures, and the figures over several experiments. Open the folder with tensorboard --logdir FOLDER.`
	return cmd
}

// exportable is a sweep with its results so far.
func exportable(ctx context.Context, a *app.App, s *session.Session, name string) (export.Sweep, error) {
	w, err := sweeps.Find(ctx, a, s, name)
	if err != nil {
		return export.Sweep{}, err
	}
	found, err := w.Results(ctx, s)
	if err != nil {
		return export.Sweep{}, err
	}
	return export.Sweep{Sweep: *found, Root: w.Root, State: w.State, Program: "lossatlas " + a.BuildVersion()}, nil
}

func exportBoard(ctx context.Context, a *app.App, name, folder string) (err error) {
	dir, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	sweep, err := exportable(ctx, a, s, name)
	if err != nil {
		return err
	}
	runs, others, err := export.Board(ctx, dir, sweep)
	if err != nil {
		return err
	}
	if n := len(others); n > 0 {
		a.Say("the folder also has %s that sweep %s does not have: %s; delete their folders to remove them from TensorBoard", app.Count(n, "run"), name, app.JoinSome(others))
	}
	a.Say("wrote %s for TensorBoard in %s", app.Count(runs, "run"), dir)
	return nil
}

// exported is what `export sweep` says.
type exported struct {
	Sweep    string `json:"sweep"`
	Folder   string `json:"folder"`
	Document string `json:"document"`
	State    string `json:"state"`
	Files    int    `json:"files"`
	Bytes    int64  `json:"bytes"`
	// Unfinished are the steps that have no result (yet).
	Unfinished []string `json:"unfinished"`
}

func exportSweep(ctx context.Context, a *app.App, name, folder string, without []string) (err error) {
	for _, kind := range without {
		if !slices.Contains(export.Large, kind) {
			return exit.Usagef("--without: %q is no kind of large files; there are %s", kind, strings.Join(export.Large, ", "))
		}
	}
	dir, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	sweep, err := exportable(ctx, a, s, name)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(sweep.Steps)), func(st artifacts.RootStep) bool { return len(st.Outputs) > 0 }) {
		return fmt.Errorf("sweep %s (%s) has no result to export yet: follow it with `lossatlas watch %s`, or run it again if it was stopped", name, sweep.State, name)
	}
	sweep.Without = without
	doc, err := export.Folder(ctx, dir, sweep)
	var foreign *export.ForeignError
	if errors.As(err, &foreign) {
		return exit.With(exit.Usage, err)
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w; finished files are complete: make room and give the same command again to continue", err)
	}
	if err != nil {
		return err
	}
	out := exported{Sweep: name, Folder: dir, Document: filepath.Join(dir, export.DocumentName), State: doc.State, Files: len(doc.Files), Unfinished: []string{}}
	for _, f := range doc.Files {
		out.Bytes += f.Bytes
	}
	unfinished := doc.Unfinished()
	for _, step := range unfinished {
		out.Unfinished = append(out.Unfinished, step.ID)
	}
	if a.Settings.Output != "text" {
		return a.PrintJSON(out)
	}
	if _, err := fmt.Fprintf(a.Out, "%s: %s, %s, in %s\n", name, app.Count(out.Files, "file"), app.Size(out.Bytes), dir); err != nil {
		return err
	}
	if n := len(doc.Removed); n > 0 {
		a.Say("removed %s of an earlier export that the sweep no longer has", app.Count(n, "file"))
	}
	if n := len(out.Unfinished); n > 0 {
		a.Say("%d of %s have no result (%s): %s; sweep.json lists them", n, app.Count(len(doc.Steps), "step"), causes(unfinished), app.JoinSome(out.Unfinished))
	}
	return nil
}

// causes counts steps without a result by their states, and by what kept them from running.
func causes(steps []export.Step) string {
	counts := map[string]int{}
	for _, st := range steps {
		cause := st.State
		if st.State == artifacts.StateNotRun && st.Error != "" {
			cause += " because " + st.Error
		}
		counts[cause]++
	}
	var out []string
	for _, cause := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%d %s", counts[cause], cause))
	}
	return strings.Join(out, ", ")
}
