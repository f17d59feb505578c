// Command lossatlas trains image classifiers and maps the loss landscape
// around what it trained. `lossatlas --help` lists its commands.
package main

import (
	"os"

	"lossatlas/workers/internal/cli"
)

// version is set by the build (-ldflags "-X main.version=…").
var version string

func main() {
	os.Exit(cli.Program{
		Version: version, Name: os.Args[0], Embedded: servers,
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv, Restart: true,
	}.Main(os.Args[1:]))
}
