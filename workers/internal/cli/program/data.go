package program

import (
	"bytes"
	"image/png"

	"github.com/spf13/cobra"

	"lossatlas/activities/data"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/export"
	"lossatlas/workers/internal/launch"
)

func dataCommand(a *app.App) *cobra.Command {
	d := dataCall{App: a}
	cmd := app.Command("data FILE", "Describe a file or folder of examples, and draw a sheet of them", cobra.ExactArgs(1),
		func(_ *cobra.Command, args []string) error { return d.do(args[0]) })
	f := cmd.Flags()
	f.StringVar(&d.choices.Labels, "labels", "", "`file` with the labels, where they are in one of their own")
	f.StringVar(&d.choices.Loss, "loss", "", "`name` of the loss that the labels are for (default: cross-entropy for whole numbers, else mse)")
	f.Float64Var(&d.choices.Holdout, "holdout", 0, "`share` of the examples that becomes the test split of a file without one")
	f.IntSliceVar(&d.choices.Resize, "resize", nil, "`height,width` that pictures are scaled to")
	f.StringVar(&d.sheet, "sheet", "", "`file.png` that a sheet of examples is drawn to, a row for each class")
	return cmd
}

// dataCall is one call of `lossatlas data`.
type dataCall struct {
	*app.App
	choices sweepfile.DataChoices
	sheet   string
}

// perClass is how many examples of a class a sheet shows, and mostClasses how many classes the text lists.
const (
	perClass    = 10
	mostClasses = 20
)

func (d *dataCall) do(path string) error {
	c, err := launch.OpenData(path, d.choices)
	if err != nil {
		return err
	}
	if d.sheet != "" {
		if err := drawSheet(c, d.sheet); err != nil {
			return err
		}
	}
	s, err := data.Summarize(c)
	if err != nil {
		return err
	}
	if d.Settings.Output != "text" {
		return d.PrintJSON(s)
	}
	return s.WriteText(d.Out, mostClasses)
}

// drawSheet draws examples of the training split, of the test split where there is no other.
func drawSheet(c *data.Collection, path string) error {
	split := data.Train
	if n, err := c.Size(split); err != nil {
		return err
	} else if n == 0 {
		split = data.Test
	}
	picture, err := data.Sheet(c, split, perClass)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return err
	}
	return export.WriteFile(path, b.Bytes())
}
