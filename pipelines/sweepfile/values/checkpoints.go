package values

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/pipelines/syntax"
)

// Checkpoints is the field that says which epochs' weights are kept: every n-th, or a list.
type Checkpoints struct{}

// MaxCheckpoints is how many weights a training keeps: each is an output, and
// all of them together an input of a trajectory.
const MaxCheckpoints = 1000

// CheckpointSet is the normalised form of checkpoints. As JSON it is a number or a list.
type CheckpointSet struct {
	Every  int
	Epochs []int // rising
}

// MarshalJSON writes the number, or the list.
func (s CheckpointSet) MarshalJSON() ([]byte, error) {
	if s.Every > 0 {
		return json.Marshal(s.Every)
	}
	return json.Marshal(s.Epochs)
}

// label writes the set in characters that file names may hold.
func (s CheckpointSet) Label() string {
	if s.Every > 0 {
		return strconv.Itoa(s.Every)
	}
	parts := make([]string, len(s.Epochs))
	for i, e := range s.Epochs {
		parts[i] = strconv.Itoa(e)
	}
	return strings.Join(parts, "_")
}

func (Checkpoints) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.IsScalar() {
		if v := (syntax.Integer{Min: 1, Max: MaxEpochs}).Check(c, n, path); v != nil {
			return CheckpointSet{Every: int(v.(int64))}
		}
		return nil
	}
	if n.Kind != syntax.ListNode || len(n.Items) == 0 || len(n.Items) > MaxCheckpoints {
		return c.Reject(n, path, fmt.Sprintf("a number n for every n-th epoch, or a list of 1 to %d epochs, as [0, 1, 5]", MaxCheckpoints))
	}
	var s CheckpointSet
	for _, item := range n.Items {
		v := syntax.Integer{Min: 0, Max: MaxEpochs}.Check(c, item, path)
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

func (Checkpoints) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{syntax.Integer{Min: 1, Max: MaxEpochs}.Schema(nil),
		{"type": "array", "items": syntax.Integer{Min: 0, Max: MaxEpochs}.Schema(nil), "minItems": 1, "maxItems": MaxCheckpoints, "uniqueItems": true}}}
}
