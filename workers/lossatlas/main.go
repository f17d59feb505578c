// Command lossatlas trains neural networks and maps their loss landscapes.
// `lossatlas --help` lists its commands.
package main

import (
	"os"

	"lossatlas/workers/internal/cli"
)

// revision of the source is set by the build (-ldflags "-X main.revision=…"), where the Go command does not know it.
var revision string

func main() {
	os.Exit(cli.Program{
		Revision: revision, Name: os.Args[0], Embedded: servers,
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv, Restart: true,
	}.Main(os.Args[1:]))
}
