// Package run has the commands that start, follow and stop sweeps.
package run

import (
	"slices"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/cli/app"
)

// Commands are the commands of this package.
func Commands(a *app.App) []*cobra.Command {
	return slices.Concat(
		app.In(app.GroupRun, runCommand(a), mapCommand(a), watchFolderCommand(a), planCommand(a), validateCommand(a), schemaCommand(a), cancelCommand(a)),
		app.In(app.GroupShow, watchCommand(a)))
}
