package files

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"lossatlas/activities/data"
	"lossatlas/activities/internal/natural"
)

// roles are the names of two arrays that belong together.
type roles struct {
	split            string // train, test or val
	examples, labels string
}

// validation is a split that takes the place of the test split where it is missing.
const validation = "val"

// The words by which arrays are recognized, next to the names of splits.
var (
	exampleWords = []string{"x", "images", "data", "inputs", "features"}
	labelWords   = []string{"y", "labels", "label", "targets", "target"}
	splitWords   = map[string]string{"train": data.Train, "training": data.Train, "test": data.Test, "t10k": data.Test,
		"val": validation, "valid": validation, "validation": validation, "eval": validation, "dev": validation}
)

// splitRoles are the roles by split.
type splitRoles map[string]roles

// words are the parts of a name between signs that are neither letters nor digits.
func words(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// splitOf is the split in a name, train if it has no split.
func splitOf(name string) string {
	for _, w := range words(name) {
		if s, ok := splitWords[w]; ok {
			return s
		}
	}
	return data.Train
}

// findRoles recognizes arrays in a file or folder by their names.
func findRoles(path string, names []string) (splitRoles, error) {
	splits := splitRoles{}
	for _, name := range names {
		rest := slices.DeleteFunc(words(name), func(w string) bool { return splitWords[w] != "" })
		split := splitOf(name)
		if len(rest) != 1 {
			continue
		}
		r := splits[split]
		r.split = split
		taken := ""
		switch {
		case slices.Contains(exampleWords, rest[0]):
			taken, r.examples = r.examples, name
		case slices.Contains(labelWords, rest[0]):
			taken, r.labels = r.labels, name
		default:
			continue
		}
		if taken != "" {
			return nil, fault(path, "has the arrays %s and %s, which both could be used for the %s split; keep one", taken, name, split)
		}
		splits[split] = r
	}
	for _, r := range splits {
		if r.examples == "" || r.labels == "" {
			delete(splits, r.split)
		}
	}
	if len(splits) == 0 {
		return nil, fault(path, "has the arrays %s; expected x and y, or x_train, y_train, x_test and y_test (also images or data, and labels or target)", strings.Join(names, ", "))
	}
	return splits, nil
}

// used are the arrays of the splits that a data set has.
func (s splitRoles) used(f *found) []roles {
	as := f.assign(slices.Collect(maps.Keys(s)))
	var out []roles
	for _, from := range []string{data.Train, data.Test, validation} {
		if r, ok := s[from]; ok && as[from] != "" {
			r.split = as[from]
			out = append(out, r)
		}
	}
	return out
}

// assignNames sorts the names of files naturally, and assigns the splits that the names stand for.
func (f *found) assignNames(names []string) map[string]string {
	slices.SortFunc(names, natural.Compare)
	have := make([]string, len(names))
	for i, name := range names {
		have[i] = splitOf(name)
	}
	return f.assign(have)
}

// assign maps the splits of files to the splits of a data set. The validation
// split becomes the test split where it is missing, and an only split is the training split.
func (f *found) assign(have []string) map[string]string {
	has := func(split string) bool { return slices.Contains(have, split) }
	as := map[string]string{data.Train: data.Train, data.Test: data.Test}
	switch {
	case !has(data.Train) && has(data.Test):
		as[data.Test] = data.Train
		f.note("the only split of the files that is used is their test split; it is called %s here", data.Train)
	case !has(data.Train) && has(validation):
		as[validation] = data.Train
		f.note("the only split of the files is their validation split; it is called %s here", data.Train)
	case has(data.Test) && has(validation):
		f.note("the validation split of the files is not used")
	case has(validation):
		as[validation] = data.Test
		f.note("the validation split of the files is the test split")
	}
	return as
}
