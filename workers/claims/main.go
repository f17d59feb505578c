// Claims judges what Li et al. (2018) say of loss landscapes by sweeps that were run, and writes what it finds as a page.
//
//	claims collect EXPORT FOLDER   take the numbers and figures of one exported sweep into FOLDER
//	claims page FOLDER             write FOLDER/README.md from the numbers there
//
// EXPORT is what `lossatlas export sweep table1 EXPORT` writes. The numbers are small enough to be kept with the code, so that the page
// can be made again, byte for byte, without the results that they come from. Criteria stand in claim.go; they were committed before the
// sweeps were run.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "claims:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "collect":
		return collect(args[1], args[2])
	case len(args) == 2 && args[0] == "page":
		return writePage(args[1])
	}
	return errors.New("usage: claims collect EXPORT FOLDER, or claims page FOLDER (`go doc lossatlas/workers/claims` explains them)")
}
