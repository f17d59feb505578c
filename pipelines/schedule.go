package pipelines

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// course is the normalised form of a schedule: drops in the order of their
// epochs, or a cosine, and the epochs of warm-up. As JSON a course of drops alone is
// their list.
type course struct {
	Drops  []Drop
	Cosine bool
	Warmup int
}

// courseJSON is a course that is more than drops.
type courseJSON struct {
	Drops  []Drop `json:"drops,omitempty"`
	Cosine bool   `json:"cosine,omitempty"`
	Warmup int    `json:"warmup,omitempty"`
}

// MarshalJSON writes the list of drops, or an object where there is more to say.
func (s course) MarshalJSON() ([]byte, error) {
	if s.Cosine || s.Warmup > 0 {
		return json.Marshal(courseJSON(s))
	}
	return json.Marshal(s.Drops)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *course) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &s.Drops) == nil {
		return nil
	}
	s.Drops = []Drop{}
	return json.Unmarshal(b, (*courseJSON)(s))
}

// label writes the course in characters that file names may hold.
func (s course) label() string {
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

var factorOfDrop = number{min: 0, max: 1e6, above: true}

func (schedule) check(c *checker, n *node, path string) any {
	if n.kind != mappingNode || len(n.entries) > maxDrops {
		return c.reject(n, path, "{epoch: factor, …}, as {150: 0.1, 225: 0.1}, or {cosine: true}, either with warmup: N, or {} for none")
	}
	s := course{Drops: make([]Drop, 0, len(n.entries))}
	seen := make(map[int]bool)
	for _, e := range n.entries {
		at := path + "." + clip(e.key)
		switch e.key {
		case keyCosine:
			if v := (boolean{}).check(c, e.value, at); v != nil {
				s.Cosine = v.(bool)
			}
			continue
		case keyWarmup:
			if v := (integer{0, maxEpochs}).check(c, e.value, at); v != nil {
				s.Warmup = int(v.(int64))
			}
			continue
		}
		if !intText.MatchString(e.key) {
			c.addf(e.at, "%s, epoch: want %s, or %s or %s, got %s%s", path, integer{0, maxEpochs}.want(), keyCosine, keyWarmup, clip(e.key),
				didYouMean(e.key, []string{keyCosine, keyWarmup}))
			continue
		}
		epoch := integer{0, maxEpochs}.check(c, &node{kind: plainNode, at: e.at, text: e.key}, path+", epoch")
		factor := factorOfDrop.check(c, e.value, at)
		if epoch == nil || factor == nil {
			continue
		}
		if i := int(epoch.(int64)); seen[i] {
			c.addf(e.at, "%s: epoch %d is given twice", path, i)
		} else {
			seen[i] = true
			s.Drops = append(s.Drops, Drop{Epoch: i, Factor: factor.(float64)})
		}
	}
	if s.Cosine && len(s.Drops) > 0 {
		c.addf(n.at, "%s has both a cosine and drops; keep one of them", path)
		return nil
	}
	slices.SortFunc(s.Drops, func(a, b Drop) int { return cmp.Compare(a.Epoch, b.Epoch) })
	return s
}

func (schedule) schema(Catalog) schema {
	return schema{"type": "object", "additionalProperties": false, "maxProperties": maxDrops,
		"properties": schema{
			keyCosine: schema{"type": "boolean", "description": "Half a cosine from the full rate to 0, over the epochs after the warm-up."},
			keyWarmup: schema{"type": "integer", "minimum": 0, "maximum": maxEpochs, "description": "Epochs in which the rate rises, with every update, to its full value."},
		},
		"patternProperties": schema{`^(0|[1-9][0-9]*)$`: factorOfDrop.schema(Catalog{})}}
}

// paperSchedule is the schedule of Li et al. (2018), 0.1 at epochs 150, 225 and
// 275 of 300, scaled to a number of epochs. With so few epochs that drops would
// fall together, or on the first one, those are left out.
func paperSchedule(epochs int) []Drop {
	drops := []Drop{}
	last := 0
	for _, epoch := range []int{epochs / 2, epochs * 3 / 4, epochs * 11 / 12} {
		if epoch > last {
			drops = append(drops, Drop{Epoch: epoch, Factor: 0.1})
			last = epoch
		}
	}
	return drops
}

// reached leaves of a schedule what has an effect: later epochs never come, and a
// factor of 1 changes nothing. Two schedules that train alike become equal.
func reached(drops []Drop, epochs int) []Drop {
	out := []Drop{}
	for _, d := range drops {
		if d.Epoch >= epochs || d.Factor == 1 {
			continue
		}
		out = append(out, d)
	}
	return out
}
