package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"lossatlas/activities/data"
	"lossatlas/activities/results"
	"lossatlas/activities/runner"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/export"
)

func exportDataCommand(a *app.App) *cobra.Command {
	var images string
	cmd := app.Command("data STEP|DIGEST|DATASET FILE.npz", "Write the images of a map, or of a data set that the program knows, as networks see them", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			return exportData(cmd.Context(), a, args[0], images, args[1])
		})
	cmd.Long = cmd.Short + `.

The NPZ holds x, the normalized images (float32, in PyTorch's order [image, channel, row, column]), y, their labels (int64 classes, or
float32 targets), and what they are as JSON in "meta". Of a line, surface or spectrum they are the images that its loss is the mean over, with
the label noise of its training. So a loss can be checked elsewhere:

  lossatlas export data depth/resnet20/surface-test images.npz
  lossatlas export weights depth/resnet20/train weights.safetensors`
	cmd.Flags().StringVar(&images, "images", "", "`range` of a data set's images, such as train[0:1000] (default: its test split)")
	return cmd
}

func exportData(ctx context.Context, a *app.App, name, images, file string) (err error) {
	if ext := strings.ToLower(filepath.Ext(file)); ext != ".npz" {
		return exit.Usagef("%s: images are written as .npz", file)
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if set, err := data.Lookup(name); err == nil {
		if err := a.Begin(zerolog.WarnLevel, false); err != nil {
			return err
		}
		d, err := knownData(set, a.DataOptions(), images)
		if err != nil {
			return err
		}
		err = writeData(ctx, a, nil, d, path)
		var fewer *data.RangeError
		switch isRange := errors.As(err, &fewer); {
		case isRange && images == "":
			a.Say("the test split has %d of its %d examples here (%s)", fewer.Size, set.Test, fewer.Where)
			d.To = fewer.Size
			return writeData(ctx, a, nil, d, path)
		case isRange:
			return exit.Usagef("--images %s: the %s split has %d examples (%s)", images, fewer.Split, fewer.Size, fewer.Where)
		}
		return err
	}
	if images != "" {
		return exit.Usagef("--images is for data sets; a map's images are fixed by its loss: leave --images out")
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	stored, err := blob(ctx, a, s, name, pipelines.OutGrid)
	decode := gridMeta
	if no := (*results.NameError)(nil); errors.As(err, &no) && slices.Contains(no.Has, pipelines.OutSpectrum) {
		decode = spectrumMeta
		stored, err = blob(ctx, a, s, name, pipelines.OutSpectrum)
	}
	if err != nil {
		return err
	}
	d, err := dataOf(decode(stored))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return writeData(ctx, a, s.Store, d, path)
}

// writeData writes images of a data set that the program knows, or of one in the store.
func writeData(ctx context.Context, a *app.App, store *artifacts.Store, d pipelines.MapData, path string) error {
	m := &runner.Machine{Store: store, Log: a.Log, Data: a.DataOptions()}
	s, err := m.MapExamples(ctx, d)
	if err != nil {
		return err
	}
	meta, err := json.Marshal(map[string]any{"data": d})
	if err != nil {
		return err
	}
	b, err := export.Examples(s, meta)
	if err != nil {
		return err
	}
	if err := export.WriteFile(path, b); err != nil {
		return err
	}
	a.Say("wrote %s: %s of %s %s[%d:%d] (%s)", path, app.Count(s.Len(), "example"), d.Name, d.Split, d.From, d.To, app.Size(int64(len(b))))
	return nil
}

// gridMeta and spectrumMeta are the recipe of a map, which its result keeps.
func gridMeta(stored []byte) (json.RawMessage, error) {
	g, err := surface.DecodeNPZ(stored)
	if err != nil {
		return nil, err
	}
	return g.Meta, nil
}

func spectrumMeta(stored []byte) (json.RawMessage, error) {
	s, err := spectrum.DecodeNPZ(stored)
	if err != nil {
		return nil, err
	}
	return s.Meta, nil
}

// dataOf are the images of a map by its recipe, or the error of reading that.
func dataOf(recipe json.RawMessage, err error) (d pipelines.MapData, _ error) {
	if err != nil {
		return d, err
	}
	var meta struct {
		Recipe struct {
			Params struct {
				Data *pipelines.MapData `json:"data"`
			} `json:"params"`
		} `json:"recipe"`
	}
	if len(recipe) > 0 {
		err = json.Unmarshal(recipe, &meta)
	}
	if err != nil || meta.Recipe.Params.Data == nil {
		return d, errors.Join(errors.New("its result does not say which images it was computed on: name a line, a surface, a Hessian map or a spectrum of a sweep"), err)
	}
	return *meta.Recipe.Params.Data, nil
}

var imagesText = regexp.MustCompile(`^(train|test)\[([0-9]{1,9}):([0-9]{1,9})\]$`)

// knownData are images of a data set, by default those of its test split.
func knownData(set data.Set, o data.Options, images string) (d pipelines.MapData, err error) {
	src, err := data.Open(set.Name, o)
	if err != nil {
		return d, err
	}
	d = pipelines.MapData{Name: set.Name, Problem: pipelines.Problem(set.Problem.String()), Split: data.Test, To: set.Test}
	if images != "" {
		part := imagesText.FindStringSubmatch(images)
		if part == nil {
			return d, exit.Usagef("--images %s: want a range such as train[0:1000] or test[500:600]", images)
		}
		d.Split = part[1]
		d.From, _ = strconv.Atoi(part[2]) // at most nine digits
		d.To, _ = strconv.Atoi(part[3])
	}
	d.Digest, err = src.Digest()
	return d, err
}
