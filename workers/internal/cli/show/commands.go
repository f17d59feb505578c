// Package show has the commands that list sweeps and print their results.
package show

import (
	"slices"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/cli/app"
)

// Commands are the commands of this package.
func Commands(a *app.App) []*cobra.Command {
	return slices.Concat(
		app.In(app.GroupShow, statusCommand(a), listCommand(a), showCommand(a), compareCommand(a)),
		app.In(app.GroupStore, explainCommand(a)))
}
