package syntax

import (
	"fmt"
	"slices"
	"strings"
)

// DidYouMean returns "; did you mean X?" for the [Closest] allowed name, or "".
func DidYouMean(got string, allowed []string) string {
	if best := Closest(got, allowed); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}

// maxGuessed is the length of a name that is compared with others: that of a step in a sweep, which names an experiment.
const maxGuessed = 160

// Closest guesses an allowed name: the one with the fewest edits, else a synonym from other programs (lr for learning_rate), else the
// shortest that shares its beginning or end (dataset for data, conv for conv2d). It is "" if no name is close.
func Closest(got string, allowed []string) string {
	if len(got) > maxGuessed {
		return ""
	}
	best, bestDistance := "", 1<<30
	for _, name := range allowed {
		d := distance(Fold(got), Fold(name))
		limit := max(1, min(len(got), len(name))/3)
		if d <= limit && d < bestDistance {
			best, bestDistance = name, d
		}
	}
	if best == "" {
		best = synonym(got, allowed)
	}
	if best == "" {
		best = affixed(Fold(got), allowed)
	}
	return best
}

// fewNames is how many allowed names are listed although one of them is a guess.
const fewNames = 6

// GuessOrList says which allowed name was meant, or lists the names behind words such as "allowed:". Both, if the names are few.
func GuessOrList(got string, allowed []string, words string) string {
	guess := DidYouMean(got, allowed)
	if guess != "" && len(allowed) > fewNames {
		return guess
	}
	return guess + "; " + words + " " + strings.Join(allowed, ", ")
}

// synonyms are names of settings in other programs, or next to other ones, folded, and the names here, of which one or another is allowed at a place.
var synonyms = map[string][]string{
	"learningrate": {"lr"}, "wd": {"weight_decay"}, "l2": {"weight_decay"}, "std": {"deviation"}, "randomseed": {"seed"}, "randomstate": {"seed"},
	"model": {"net"}, "network": {"net"}, "architecture": {"net"}, "arch": {"net"}, "backbone": {"net"},
	"pretrained": {"import"}, "checkpoint": {"import"}, "weights": {"import"}, "iterations": {"epochs"},
	"points": {"resolution"}, "resolution": {"points"}, "size": {"resolution", "points"}, "grid": {"resolution", "points"}, "gridsize": {"resolution", "points"},
	"samples": {"images"}, "examples": {"images"}, "criterion": {"loss"}, "type": {"kind"},
	"eigenvalues": {"spectrum"}, "hessianeigenvalues": {"spectrum"}, "density": {"spectrum"}, "trace": {"spectrum"}, "curvature": {"hessian"}, "curvaturemap": {"hessian"},
	"contour": {"surface"}, "landscape": {"surface"}, "losslandscape": {"surface"}, "plane": {"surface"}, "2d": {"surface", "contour"}, "3d": {"surface3d", "surface"}, "1d": {"line"},
	"path": {"trajectory"}, "pca": {"trajectory"}, "flatness": {"sharpness"}, "fc": {"linear"}, "fullyconnected": {"linear"}, "pooling": {"maxpool"},
}

// IsSynonym says whether other programs have the key for what a name here stands for.
func IsSynonym(key, name string) bool { return slices.Contains(synonyms[Fold(key)], name) }

// synonym is the first allowed name for a name from elsewhere, "" without one.
func synonym(got string, allowed []string) string {
	for _, name := range synonyms[Fold(got)] {
		if slices.Contains(allowed, name) {
			return name
		}
	}
	return ""
}

// affixed is the shortest name that begins or ends with the given text, or with which the text begins; "" without one. Paths and names
// of experiments, of which many share an end, are no candidates.
func affixed(got string, allowed []string) (best string) {
	for _, name := range allowed {
		if strings.ContainsAny(name, ".=") {
			continue
		}
		n := Fold(name)
		longer := len(got) >= 2 && (strings.HasPrefix(n, got) || strings.HasSuffix(n, got))
		if shorter := len(n) >= 4 && strings.HasPrefix(got, n); (longer || shorter) && (best == "" || len(name) < len(best)) {
			best = name
		}
	}
	return best
}

var separators = strings.NewReplacer("_", "", "-", "", " ", "")

// Fold makes batch-size, batchSize and batch_size the same.
func Fold(s string) string {
	return separators.Replace(strings.ToLower(s))
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment).
func distance(a, b string) int {
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}

// Some lists the first of many names.
func Some(names []string) string {
	const most = 12
	if n := len(names); n > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(names, ", ")
}
