package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// sweepNames are the sweeps that the page is made from, in the order in which they are run and their costs are counted.
var sweepNames = []string{"fig3", "fig2", "fig5", "fig9", "normalization", "sharpness", "fig7", "fig1", "fig4", "fig6", "fig13"}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: claims EXPORTS FOLDER (`go doc lossatlas/workers/claims` says what they are)")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "claims:", err)
		os.Exit(1)
	}
}

// run judges the exported sweeps and writes the page.
func run(exports, folder string) error {
	byName := map[string]*sweep{}
	var sweeps []*sweep
	for _, name := range sweepNames {
		s, err := open(filepath.Join(exports, name))
		if err != nil {
			return err
		}
		if s != nil {
			byName[name] = s
			sweeps = append(sweeps, s)
		}
	}
	if len(sweeps) == 0 {
		return fmt.Errorf("%s has none of the sweeps %v: run them, and export them as `lossatlas export sweep fig5 %s/fig5`", exports, sweepNames, exports)
	}
	all := make([]judged, len(claims))
	for i, c := range claims {
		all[i] = judged{claim: c}
		for _, name := range c.from {
			if byName[name] == nil {
				all[i].finding = missing(name)
			}
		}
		if all[i].verdict != "" {
			continue
		}
		var err error
		if all[i].finding, err = c.judge(byName); err != nil {
			return fmt.Errorf("claim %s: %w", c.letter, err)
		}
	}
	out, err := files(sweeps, all)
	if err != nil {
		return err
	}
	return write(folder, out)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
