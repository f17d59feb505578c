package atlas

import (
	"fmt"
	"math"
	"strings"

	"lossatlas/activities/trainlog"
)

// summarize says how many experiments there are and, where they have one score, which is best.
func summarize(experiments []Experiment) string {
	count := fmt.Sprintf("%d experiments.", len(experiments))
	if len(experiments) == 1 {
		count = "1 experiment."
	}
	all := scores(experiments)
	if len(all) != 1 {
		return count
	}
	best, word := -1, "lowest"
	for i, e := range experiments {
		if e.TestError == nil || math.IsNaN(*e.TestError) {
			continue
		}
		if best < 0 || (*e.TestError < *experiments[best].TestError) == all[0].IsAccuracy() {
			best = i
		}
	}
	if best < 0 {
		return count
	}
	if !all[0].IsAccuracy() {
		word = "highest"
	}
	test := all[0].Test()
	if len(experiments) == 1 {
		return fmt.Sprintf("%s Its test %s is %s %%.", count, test, measured(experiments[0].TestError, 2))
	}
	return fmt.Sprintf("%s The %s test %s is %s %%, of %s.", count, word, test, measured(experiments[best].TestError, 2), experiments[best].Name)
}

// tested says how large the test sets of experiments are, "" where all are large.
func tested(experiments []Experiment) string {
	var all []trainlog.Tested
	for _, e := range experiments {
		if e.TestError != nil {
			all = append(all, trainlog.Tested{Score: e.Score, Shown: *e.TestError, Examples: e.TestExamples})
		}
	}
	note := trainlog.SampleNote(all)
	return strings.ToUpper(note[:min(1, len(note))]) + note[min(1, len(note)):]
}

// missing says what of a sweep is not there, "" if all is. What an experiment lacks because its training diverged
// is not counted.
func missing(d Data) string {
	var parts []string
	count := func(what string, n, of int) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d %s", n, of, what))
		}
	}
	var trainings, maps, allMaps, begun, pictures, allPictures int
	for i, e := range append(d.Experiments[:len(d.Experiments):len(d.Experiments)], d.Comparisons...) {
		if i < len(d.Experiments) && e.Note != "" && len(e.Provenance) == 0 {
			trainings++
		}
		maps, allMaps = maps+e.AbsentMaps, allMaps+e.AbsentMaps
		pictures, allPictures = pictures+e.AbsentPictures, allPictures+e.AbsentPictures
		for _, m := range e.Maps {
			allMaps++
			switch {
			case m.Grid == nil && m.Spectrum == nil:
				maps++
			case m.Note != "" && len(m.Provenance) == 0: // a finished map has a source, and may have notes, too
				begun++
			}
		}
		for _, p := range e.Pictures {
			allPictures++
			if len(p.SVG) == 0 && len(p.PNG) == 0 {
				pictures++
			}
		}
	}
	count("trainings", trainings, len(d.Experiments))
	count("maps", maps, allMaps)
	count("pictures", pictures, allPictures)
	count("maps in part", begun, allMaps)
	text := strings.Join(parts, ", ")
	switch {
	case text == "" && !d.Unfinished:
		return ""
	case text == "":
		return "This sweep is not finished."
	case d.Unfinished:
		return "This sweep is not finished. Not there yet: " + text + "."
	}
	return "Not all of this sweep is here. Missing: " + text + "."
}
