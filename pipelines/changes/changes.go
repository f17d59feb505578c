// Package changes puts differences of steps into words: recipes have parameters of their own names, which people know by those of the sweep file.
package changes

import (
	"fmt"
	"slices"
	"strings"
)

// most is how many changes First names.
const most = 3

// First joins the first of the changed parameters and other aspects of a step, in the words of tell, which gets an index into names
// and what follows from that parameter, as of [Implied]. Parameters that follow from others, and repeated texts, are left out; more
// are changes that names has not.
func First(names []string, more int, tell func(i int, follows string) string) string {
	follows := Implied(names)
	var told []string
	for i, name := range names {
		switch text := tell(i, follows[i]); {
		case IsImplied(name, names) || slices.Contains(told, text):
		case len(told) == most:
			more++
		default:
			told = append(told, text)
		}
	}
	for i := 1; i < len(told); i++ { // "parameter a changed from 1 to 2, b from 3 to 4"
		told[i] = strings.Replace(strings.TrimPrefix(told[i], "parameter "), " changed from ", " from ", 1)
	}
	if more > 0 {
		told = append(told, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(told, ", ")
}

// implied are parameters whose default follows from another parameter.
var implied = map[string]string{"optimizer.schedule": "epochs", "bn_group": "batch_size"}

// derived are parameters that follow from another one entirely, and that no sweep file has.
var derived = map[string]string{"x.min": "fit.x", "x.max": "fit.x", "y.min": "fit.y", "y.max": "fit.y", "fit.margin": "fit.x"}

// IsImplied reports whether a parameter, of the path that a recipe or an experiment has for it, is among changed ones and follows
// from another of them: a default, or one that no sweep file has.
func IsImplied(name string, changed []string) bool {
	for _, follows := range []map[string]string{implied, derived} {
		for part, cause := range follows {
			if before, _, ok := strings.Cut(name, part); ok && (before == "" || strings.HasSuffix(before, ".")) && slices.Contains(changed, before+cause) {
				return true
			}
		}
	}
	return false
}

// Implied names with each changed parameter those that follow from it: " (and bn_group, whose default follows it)", or "".
func Implied(changed []string) []string {
	out := make([]string, len(changed))
	for i, name := range changed {
		for part, cause := range implied {
			before, ok := strings.CutSuffix(name, cause)
			if ok && slices.ContainsFunc(changed, func(c string) bool { return strings.HasPrefix(c, before+part) && IsImplied(c, changed) }) {
				out[i] = " (and " + part + ", whose default follows it)"
			}
		}
	}
	return out
}
