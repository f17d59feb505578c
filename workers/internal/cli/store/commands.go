// Package store has the commands that work on stored results: artifacts, import and export.
package store

import (
	"github.com/spf13/cobra"

	"lossatlas/workers/internal/cli/app"
)

// Commands are the commands of this package.
func Commands(a *app.App) []*cobra.Command {
	return app.In(app.GroupStore, importCommand(a), exportCommand(a), artifactsCommand(a))
}
