package sweepfile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/pipelines/syntax"
)

// checkpoints is the field that says which epochs' weights are kept: every n-th, or a list.
type checkpoints struct{}

// maxCheckpoints is how many weights a training keeps: each is an output, and
// all of them together an input of a trajectory.
const maxCheckpoints = 1000

// checkpointSet is the normalised form of checkpoints. As JSON it is a number or a list.
type checkpointSet struct {
	Every  int
	Epochs []int // rising
}

// MarshalJSON writes the number, or the list.
func (s checkpointSet) MarshalJSON() ([]byte, error) {
	if s.Every > 0 {
		return json.Marshal(s.Every)
	}
	return json.Marshal(s.Epochs)
}

// label writes the set in characters that file names may hold.
func (s checkpointSet) label() string {
	if s.Every > 0 {
		return strconv.Itoa(s.Every)
	}
	parts := make([]string, len(s.Epochs))
	for i, e := range s.Epochs {
		parts[i] = strconv.Itoa(e)
	}
	return strings.Join(parts, "_")
}

func (checkpoints) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.IsScalar() {
		if v := (syntax.Integer{Min: 1, Max: maxEpochs}).Check(c, n, path); v != nil {
			return checkpointSet{Every: int(v.(int64))}
		}
		return nil
	}
	if n.Kind != syntax.ListNode || len(n.Items) == 0 || len(n.Items) > maxCheckpoints {
		return c.Reject(n, path, fmt.Sprintf("a number n for every n-th epoch, or a list of 1 to %d epochs, as [0, 1, 5]", maxCheckpoints))
	}
	var s checkpointSet
	for _, item := range n.Items {
		v := syntax.Integer{Min: 0, Max: maxEpochs}.Check(c, item, path)
		if v == nil {
			return nil
		}
		epoch := int(v.(int64))
		if slices.Contains(s.Epochs, epoch) {
			c.Addf(item.At, "%s: epoch %d is listed twice", path, epoch)
			return nil
		}
		s.Epochs = append(s.Epochs, epoch)
	}
	slices.Sort(s.Epochs)
	return s
}

func (checkpoints) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{syntax.Integer{Min: 1, Max: maxEpochs}.Schema(nil),
		{"type": "array", "items": syntax.Integer{Min: 0, Max: maxEpochs}.Schema(nil), "minItems": 1, "maxItems": maxCheckpoints, "uniqueItems": true}}}
}

// resolveCheckpoints checks the epochs against how many there are.
func (t *trainConfig) resolveCheckpoints(c *syntax.Checker, tree *syntax.Node) {
	s := t.Checkpoints
	if s == nil || t.Import != "" {
		return
	}
	at := tree.Place("train", "checkpoints")
	if s.Every > 0 && t.Epochs/s.Every >= maxCheckpoints {
		c.Addf(at, "train.checkpoints keeps the weights of %d epochs; at most %d are allowed: keep every %d-th", t.Epochs/s.Every+1, maxCheckpoints, t.Epochs/(maxCheckpoints-1)+1)
	}
	if n := len(s.Epochs); n > 0 && s.Epochs[n-1] > t.Epochs {
		c.Addf(at, "train.checkpoints names epoch %d, but train.epochs is %d", s.Epochs[n-1], t.Epochs)
	}
}

// kept are the epochs whose weights are kept beside the last one's, so that ways
// of saying the same are the same training.
func (t *trainConfig) kept() []int {
	var out []int
	if len(t.Along) > 0 {
		for _, c := range t.Along[:len(t.Along)-1] {
			out = append(out, c.Epoch)
		}
		return out
	}
	if t.Checkpoints == nil {
		return nil
	}
	if every := t.Checkpoints.Every; every > 0 {
		for e := 0; e < t.Epochs; e += every {
			out = append(out, e)
		}
		return out
	}
	for _, e := range t.Checkpoints.Epochs {
		if e < t.Epochs {
			out = append(out, e)
		}
	}
	return out
}
