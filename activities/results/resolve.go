package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/internal/natural"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
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
	Output  string   // the output that was wanted, "" for any
	Matches []string // what the name could mean; empty when nothing has it
	Near    []string // then outputs that have the parts of the name among the parts of theirs
}

// Error says what the name could mean, or what a name may be.
func (e *NameError) Error() string {
	if len(e.Matches) > 0 {
		return fmt.Sprintf("%q is not clear: it could be %s", e.Name, few(e.Matches))
	}
	what := cmp.Or(e.Output, "output")
	if what == pipelines.OutGrid {
		what = "map"
	}
	if len(e.Near) > 0 {
		return fmt.Sprintf("no %s has the name %q: name one, such as %s", what, e.Name, few(e.Near))
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

// Resolve finds the blob that a name stands for: a digest, a step's key or the
// first 8 or more digits of it, or a step as "sweep/experiment/step" or any end
// of that, each step with "/output" behind it where it has several. want is the
// output to look for, "" for any. roots are the recorded sweeps; a digest needs none.
func Resolve(roots []artifacts.Root, name, want string) (artifacts.Digest, error) {
	if strings.HasPrefix(name, "sha256:") {
		return artifacts.ParseDigest(name)
	}
	var digests []artifacts.Digest
	var matches, near []string
	for _, o := range Outputs(roots) {
		if want != "" && o.Output != want {
			continue
		}
		if !o.Named(name) {
			if o.near(name) {
				near = append(near, o.Sweep+"/"+o.Step)
			}
			continue
		}
		if !slices.Contains(digests, o.Digest) {
			digests = append(digests, o.Digest)
		}
		matches = append(matches, o.Sweep+"/"+o.Step+"/"+o.Output)
	}
	if len(digests) == 1 {
		return digests[0], nil
	}
	return artifacts.Digest{}, &NameError{Name: name, Output: want, Matches: matches, Near: slices.Compact(near)}
}

// near says whether the parts of a name are, in their order, among the parts of an output's: a sweep, or a step of a sweep without its experiment.
func (o Output) near(name string) bool {
	parts := strings.Split(o.Sweep+"/"+o.Step, "/")
	for part := range strings.SplitSeq(name, "/") {
		i := slices.Index(parts, part)
		if i < 0 {
			return false
		}
		parts = parts[i+1:]
	}
	return true
}

// minKey is how many digits of a key are enough to be taken for one.
const minKey = 8

// Named says whether a name can stand for an output: the first digits of its step's key, or the step or output as a path or
// the end of one.
func (o Output) Named(name string) bool {
	if len(name) >= minKey && strings.HasPrefix(o.Key.String(), name) {
		return true
	}
	full := o.Sweep + "/" + o.Step
	for _, path := range []string{full, full + "/" + o.Output} {
		if path == name || strings.HasSuffix(path, "/"+name) {
			return true
		}
	}
	return false
}
