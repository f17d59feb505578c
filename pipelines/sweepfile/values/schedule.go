package values

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// course is the normalised form of a schedule: drops in the order of their
// epochs, or a cosine, and the epochs of warm-up. As JSON a course of drops alone is
// their list.
type course struct {
	Drops  []pipelines.Drop
	Cosine bool
	Warmup int
}

// courseJSON is a course that is more than drops.
type courseJSON struct {
	Drops  []pipelines.Drop `json:"drops,omitempty"`
	Cosine bool             `json:"cosine,omitempty"`
	Warmup int              `json:"warmup,omitempty"`
}

// MarshalJSON writes the list of drops, or an object where there is more to say.
func (s course) MarshalJSON() ([]byte, error) {
	if s.Cosine || s.Warmup > 0 {
		return json.Marshal(courseJSON(s))
	}
	return json.Marshal(s.Drops)
}

// label writes the course in characters that file names may hold.
func (s course) Label() string {
	var parts []string
	if s.Warmup > 0 {
		parts = append(parts, fmt.Sprintf("warmup%d", s.Warmup))
	}
	if s.Cosine {
		parts = append(parts, keyCosine)
	}
	for _, d := range s.Drops {
		parts = append(parts, fmt.Sprintf("%dx%g", d.Epoch, d.Factor))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, "_")
}

// schedule is {epoch: factor}, or {cosine: true}, and beside either warmup: N.
type schedule struct{}

const maxDrops = 1000

// Keys of a schedule beside epochs.
const (
	keyCosine = "cosine"
	keyWarmup = "warmup"
)

var factorOfDrop = syntax.Number{Min: 0, Max: 1e6, Above: true}

func (schedule) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind != syntax.MappingNode || len(n.Entries) > maxDrops {
		return c.Reject(n, path, "{epoch: factor, …}, as {150: 0.1, 225: 0.1}, or {cosine: true}, either with warmup: N, or {} for none")
	}
	s := course{Drops: make([]pipelines.Drop, 0, len(n.Entries))}
	seen := make(map[int]bool)
	for _, e := range n.Entries {
		at := path + "." + syntax.Clip(e.Key)
		switch e.Key {
		case keyCosine:
			if v := (syntax.Boolean{}).Check(c, e.Value, at); v != nil {
				s.Cosine = v.(bool)
			}
			continue
		case keyWarmup:
			if v := (syntax.Integer{Min: 0, Max: MaxEpochs}).Check(c, e.Value, at); v != nil {
				s.Warmup = int(v.(int64))
			}
			continue
		}
		if !syntax.IntText.MatchString(e.Key) {
			c.Addf(e.At, "%s, epoch: want %s, or %s or %s, got %s%s", path, syntax.Integer{Min: 0, Max: MaxEpochs}.Want(), keyCosine, keyWarmup, syntax.Clip(e.Key),
				syntax.DidYouMean(e.Key, []string{keyCosine, keyWarmup}))
			continue
		}
		epoch := syntax.Integer{Min: 0, Max: MaxEpochs}.Check(c, &syntax.Node{Kind: syntax.PlainNode, At: e.At, Text: e.Key}, path+", epoch")
		factor := factorOfDrop.Check(c, e.Value, at)
		if epoch == nil || factor == nil {
			continue
		}
		if i := int(epoch.(int64)); seen[i] {
			c.Addf(e.At, "%s: epoch %d is given twice", path, i)
		} else {
			seen[i] = true
			s.Drops = append(s.Drops, pipelines.Drop{Epoch: i, Factor: factor.(float64)})
		}
	}
	if s.Cosine && len(s.Drops) > 0 {
		c.Addf(n.At, "%s has both a cosine and drops; keep one of them", path)
		return nil
	}
	slices.SortFunc(s.Drops, func(a, b pipelines.Drop) int { return cmp.Compare(a.Epoch, b.Epoch) })
	return s
}

func (schedule) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"type": "object", "additionalProperties": false, "maxProperties": maxDrops,
		"properties": syntax.Schema{
			keyCosine: syntax.Schema{"type": "boolean", "description": "Half a cosine from the full rate to 0, over the epochs after the warm-up."},
			keyWarmup: syntax.Schema{"type": "integer", "minimum": 0, "maximum": MaxEpochs, "description": "Epochs in which the rate rises, with every update, to its full value."},
		},
		"patternProperties": syntax.Schema{`^(0|[1-9][0-9]*)$`: factorOfDrop.Schema(nil)}}
}

// paperSchedule is the schedule of Li et al. (2018), 0.1 at epochs 150, 225 and
// 275 of 300, scaled to a number of epochs. With so few epochs that drops would
// fall together, or on the first one, those are left out.
func paperSchedule(epochs int) []pipelines.Drop {
	drops := []pipelines.Drop{}
	last := 0
	for _, epoch := range []int{epochs / 2, epochs * 3 / 4, epochs * 11 / 12} {
		if epoch > last {
			drops = append(drops, pipelines.Drop{Epoch: epoch, Factor: 0.1})
			last = epoch
		}
	}
	return drops
}

// reached leaves of a schedule what has an effect: later epochs never come, and a
// factor of 1 changes nothing. Two schedules that train alike become equal.
func reached(drops []pipelines.Drop, epochs int) []pipelines.Drop {
	out := []pipelines.Drop{}
	for _, d := range drops {
		if d.Epoch >= epochs || d.Factor == 1 {
			continue
		}
		out = append(out, d)
	}
	return out
}
