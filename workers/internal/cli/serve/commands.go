// Package serve has the commands that last: the services of a home, workers, pages and the codec server.
package serve

import (
	"slices"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/cli/app"
)

// Commands are the commands of this package.
func Commands(a *app.App) []*cobra.Command {
	return slices.Concat(
		app.In(app.GroupRun, upCommand(a), workerCommand(a)),
		app.In(app.GroupShow, openCommand(a)),
		app.In(app.GroupProgram, codecCommand(a)))
}
