// Package program has the commands about the program itself: its version, networks and numeric backends, and about files that it reads.
package program

import (
	"github.com/spf13/cobra"

	"lossatlas/workers/internal/cli/app"
)

// Commands are the commands of this package.
func Commands(a *app.App) []*cobra.Command {
	return app.In(app.GroupProgram, backendCommand(a), netsCommand(a), dataCommand(a), versionCommand(a))
}
