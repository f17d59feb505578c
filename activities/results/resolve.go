package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/internal/natural"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/syntax"
)

// Output is one output of one step of a recorded sweep.
type Output struct {
	Sweep  string           `json:"sweep"`
	Step   string           `json:"step"`
	Kind   string           `json:"kind"`
	Key    artifacts.Key    `json:"key"`
	Output string           `json:"output"`
	Digest artifacts.Digest `json:"digest"`
	Size   int64            `json:"size"`
}

// Outputs lists what recorded sweeps have, by sweep, step and output.
func Outputs(roots []artifacts.Root) []Output {
	var out []Output
	for _, r := range roots {
		for id, s := range r.Steps {
			for name, blob := range s.Outputs {
				out = append(out, Output{r.Sweep, id, s.Kind, s.Key, name, blob.Digest, blob.Size})
			}
		}
	}
	slices.SortFunc(out, func(x, y Output) int {
		return cmp.Or(natural.Compare(x.Sweep, y.Sweep), natural.Compare(x.Step, y.Step), strings.Compare(x.Output, y.Output))
	})
	return out
}

// NameError says that a name stands for no output, or for more than one.
type NameError struct {
	Name    string
	Output  string   // the wanted output, such as grid, or another word for it; "" for any output
	Matches []string // what the name could mean; empty when it has no meaning
	Has     []string // the outputs of the step of this name, which has no output as wanted
	Near    []string // then outputs that have the parts of the name among the parts of theirs
	Guess   string   // or else a similar name; "" without one
}

// NewNameError is the error of a name that stands for several outputs, those found, or for no output of all.
func NewNameError(name, want string, found, all []Output) *NameError {
	e := &NameError{Name: name, Output: want}
	path := Output.path
	if want == "" {
		path = Output.whole
	}
	for _, o := range found {
		if p := path(o); !slices.Contains(e.Matches, p) {
			e.Matches = append(e.Matches, p)
		}
	}
	if len(found) > 0 {
		return e
	}
	var names []string
	for _, o := range all {
		names = append(names, o.path(), o.Step)
		if o.near(name) {
			e.Near = append(e.Near, o.path())
		}
	}
	if e.Near = slices.Compact(e.Near); len(e.Near) == 0 {
		e.Guess = syntax.Closest(name, names)
	}
	return e
}

// Error says what the name could mean, or what a name may be.
func (e *NameError) Error() string {
	if len(e.Matches) > 0 {
		return fmt.Sprintf("%q is not clear: it could be %s", e.Name, few(e.Matches))
	}
	what := cmp.Or(e.Output, "output")
	switch what {
	case pipelines.OutGrid:
		what = "map"
	case pipelines.OutPNG, pipelines.OutSVG, pipelines.OutPDF:
		what = "picture"
	}
	switch {
	case len(e.Has) > 0:
		return fmt.Sprintf("%s has no %s; its results are %s", e.Name, e.Output, strings.Join(e.Has, ", "))
	case len(e.Near) > 0:
		return fmt.Sprintf("no %s has the name %q: name one, such as %s", what, e.Name, few(e.Near))
	case e.Guess != "":
		return fmt.Sprintf("no %s has the name %q; did you mean %s?", what, e.Name, e.Guess)
	}
	return fmt.Sprintf("no %s has the name %q: give a digest (sha256:…), a step (sweep/experiment/step, or the end of it), or a step's key; `lossatlas artifacts ls` lists them", what, e.Name)
}

// few lists some of the names.
func few(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// Resolve finds the blob that a name stands for: a digest, or the name of an output as of [Named]. want is the
// output to look for, "" for any. roots are the recorded sweeps; a digest needs none.
func Resolve(roots []artifacts.Root, name, want string) (artifacts.Digest, error) {
	if strings.HasPrefix(name, "sha256:") {
		return artifacts.ParseDigest(name)
	}
	all := slices.DeleteFunc(Outputs(roots), func(o Output) bool { return want != "" && o.Output != want })
	found := Named(all, name)
	for _, o := range found {
		if o.Digest != found[0].Digest {
			return artifacts.Digest{}, NewNameError(name, want, found, all)
		}
	}
	if len(found) > 0 {
		return found[0].Digest, nil
	}
	err := NewNameError(name, want, nil, all)
	for _, o := range Named(Outputs(roots), name) {
		if !slices.Contains(err.Has, o.Output) {
			err.Has = append(err.Has, o.Output)
		}
	}
	return artifacts.Digest{}, err
}

// path is the name of the output's step, with its sweep; whole is that of the output.
func (o Output) path() string  { return o.Sweep + "/" + o.Step }
func (o Output) whole() string { return o.path() + "/" + o.Output }

// near says whether the parts of a name are, in their order, among the parts of an output's: a sweep, a step of a sweep without its experiment, or a map
// without its split.
func (o Output) near(name string) bool {
	parts, step := strings.Split(plain(o.path()), "/"), plain(o.Step[strings.LastIndexByte(o.Step, '/')+1:])
	for part := range strings.SplitSeq(plain(name), "/") {
		i := slices.IndexFunc(parts, func(p string) bool { return p == part || p == step && strings.HasPrefix(p, part+"-") })
		if i < 0 {
			return false
		}
		parts = parts[i+1:]
	}
	return true
}

// minKey is how many digits of a key are enough to be taken for one.
const minKey = 8

// Named are the outputs that a name stands for: a digest, a step's key or the first 8 or more digits of it, or, as of [Find], a step as
// "sweep/experiment/step", with "/output" behind it where it has several.
func Named(outputs []Output, name string) []Output {
	var found []Output
	for _, o := range outputs {
		if len(name) >= minKey && strings.HasPrefix(o.Key.String(), name) || o.Digest.String() == name {
			found = append(found, o)
		}
	}
	if len(found) > 0 {
		return found
	}
	return Find(outputs, name, Output.path, Output.whole)
}

// Find returns the items that a typed name stands for: those with it as a path, or as the end of one from a slash on. Where it is
// no such name, it may be spelled as in tables, small:width=8 for small_width_8, shortened as on screens, with "…" in its middle, or
// have some of the values of its experiment, lr=0.1/train for batch_size=16,lr=0.1/train.
func Find[T any](items []T, name string, paths ...func(T) string) []T {
	for _, stands := range []func(path, name string) bool{isEnd, isAlike, hasValues} {
		var found []T
		for _, item := range items {
			if slices.ContainsFunc(paths, func(path func(T) string) bool { return stands(path(item), name) }) {
				found = append(found, item)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func isEnd(path, name string) bool {
	return path == name || strings.HasSuffix(path, "/"+name)
}

// isAlike is isEnd for other spellings of a name.
func isAlike(path, name string) bool {
	first, last, isShort := strings.Cut(name, "…")
	path, first, last = plain(path), plain(first), plain(last)
	if !isShort {
		return isEnd(path, first)
	}
	for {
		if len(path) >= len(first)+len(last) && strings.HasPrefix(path, first) && strings.HasSuffix(path, last) {
			return true
		}
		_, rest, ok := strings.Cut(path, "/")
		if !ok {
			return false
		}
		path = rest
	}
}

// hasValues is isEnd for a name of which each part has some of the values, between commas, of the path's part.
func hasValues(path, name string) bool {
	parts, ends := strings.Split(path, "/"), strings.Split(name, "/")
	if len(ends) > len(parts) {
		return false
	}
	parts = parts[len(parts)-len(ends):]
	for i, end := range ends {
		values := strings.Split(parts[i], ",")
		for value := range strings.SplitSeq(end, ",") {
			if !slices.ContainsFunc(values, func(v string) bool { return plain(v) == plain(value) }) {
				return false
			}
		}
	}
	return true
}

// plain is a path with the characters that names of experiments have.
func plain(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = parameters.Safe(part)
	}
	return strings.Join(parts, "/")
}
