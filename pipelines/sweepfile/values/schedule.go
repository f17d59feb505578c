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
// epochs, or one of the falls, and the epochs of warm-up. As JSON a course of drops alone is
// their list.
type course struct {
	Drops       []pipelines.Drop
	Cosine      bool
	Polynomial  float64   // the power
	Exponential float64   // the factor
	OneCycle    *oneCycle // without warm-up
	Warmup      int
}

// courseJSON is a course that is more than drops.
type courseJSON struct {
	Drops       []pipelines.Drop `json:"drops,omitempty"`
	Cosine      bool             `json:"cosine,omitempty"`
	Polynomial  float64          `json:"polynomial,omitempty"`
	Exponential float64          `json:"exponential,omitempty"`
	OneCycle    *oneCycle        `json:"onecycle,omitempty"`
	Warmup      int              `json:"warmup,omitempty"`
}

// kinds names the parts of a course, of which it may have one.
func (s course) kinds() (out []string) {
	for _, k := range []struct {
		has  bool
		name string
	}{{s.Cosine, "a cosine"}, {s.Polynomial > 0, "a polynomial"}, {s.Exponential > 0, "an exponential"}, {s.OneCycle != nil, "a one-cycle"}, {len(s.Drops) > 0, "drops"}} {
		if k.has {
			out = append(out, k.name)
		}
	}
	return out
}

// MarshalJSON writes the list of drops, or an object where there is more to say.
func (s course) MarshalJSON() ([]byte, error) {
	if kinds := s.kinds(); s.Warmup > 0 || len(kinds) > 0 && len(s.Drops) == 0 {
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
	if s.Polynomial > 0 {
		parts = append(parts, fmt.Sprintf("%s%g", keyPolynomial, s.Polynomial))
	}
	if s.Exponential > 0 {
		parts = append(parts, fmt.Sprintf("%s%g", keyExponential, s.Exponential))
	}
	if s.OneCycle != nil {
		parts = append(parts, keyOneCycle)
	}
	for _, d := range s.Drops {
		parts = append(parts, fmt.Sprintf("%dx%g", d.Epoch, d.Factor))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, "_")
}

// schedule is {epoch: factor}, or a fall such as {cosine: true}, and beside either warmup: N; or {onecycle: true}.
type schedule struct{}

const maxDrops = 1000

// Keys of a schedule next to epochs.
const (
	keyCosine      = "cosine"
	keyPolynomial  = "polynomial"
	keyExponential = "exponential"
	keyOneCycle    = "onecycle"
	keyWarmup      = "warmup"
)

var scheduleKeys = []string{keyCosine, keyPolynomial, keyExponential, keyOneCycle, keyWarmup}

var (
	factorOfDrop  = syntax.Number{Min: 0, Max: 1e6, Above: true}
	powerOfFall   = syntax.Number{Min: 0, Max: 100, Above: true}
	factorOfEpoch = syntax.Number{Min: 0, Max: 2, Above: true}
)

func (schedule) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind != syntax.MappingNode || len(n.Entries) > maxDrops {
		return c.Reject(n, path, "{epoch: factor, …}, as {150: 0.1, 225: 0.1}, or {cosine: true}, {polynomial: POWER} or {exponential: FACTOR}, each with warmup: N or without, or {onecycle: true}, or {} for none")
	}
	s := course{Drops: make([]pipelines.Drop, 0, len(n.Entries))}
	seen := make(map[int]bool)
	for _, e := range n.Entries {
		at := path + "." + syntax.Clip(e.Key)
		if s.read(c, e, at) {
			continue
		}
		if !syntax.IntText.MatchString(e.Key) {
			c.Addf(e.At, "%s, epoch: want %s, or %s, got %s%s", path, syntax.Integer{Min: 0, Max: MaxEpochs}.Want(), strings.Join(scheduleKeys, " or "), syntax.Clip(e.Key),
				syntax.DidYouMean(e.Key, scheduleKeys))
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
	switch kinds := s.kinds(); {
	case len(kinds) > 1:
		c.Addf(n.At, "%s has both %s; keep one of them", path, strings.Join(kinds, " and "))
		return nil
	case s.OneCycle != nil && s.Warmup > 0:
		c.Addf(n.At, "%s: a one-cycle rises by itself, over its pct_start; leave warmup out", path)
		return nil
	}
	slices.SortFunc(s.Drops, func(a, b pipelines.Drop) int { return cmp.Compare(a.Epoch, b.Epoch) })
	return s
}

// read takes the value of a key that is no epoch, and says whether it was one.
func (s *course) read(c *syntax.Checker, e syntax.Entry, at string) bool {
	switch e.Key {
	case keyCosine:
		s.Cosine, _ = (syntax.Boolean{}).Check(c, e.Value, at).(bool)
	case keyPolynomial:
		s.Polynomial, _ = powerOfFall.Check(c, e.Value, at).(float64)
	case keyExponential:
		s.Exponential, _ = factorOfEpoch.Check(c, e.Value, at).(float64)
	case keyOneCycle:
		s.OneCycle = checkOneCycle(c, e.Value, at)
	case keyWarmup:
		epochs, _ := syntax.Integer{Min: 0, Max: MaxEpochs}.Check(c, e.Value, at).(int64)
		s.Warmup = int(epochs)
	default:
		return false
	}
	return true
}

func (schedule) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"type": "object", "additionalProperties": false, "maxProperties": maxDrops,
		"properties": syntax.Schema{
			keyCosine:      syntax.Schema{"type": "boolean", "description": "Half a cosine from the full rate to 0, over the epochs after the warm-up."},
			keyPolynomial:  described(powerOfFall.Schema(nil), "The power of the remaining share of the epochs after the warm-up by which the rate falls to 0."),
			keyExponential: described(factorOfEpoch.Schema(nil), "The factor on the rate from epoch to epoch, after the warm-up."),
			keyOneCycle:    syntax.Schema{"anyOf": []syntax.Schema{{"type": "boolean"}, oneCycleFields.Schema(nil)}, "description": "A rise to the full rate and a fall over all updates."},
			keyWarmup:      syntax.Schema{"type": "integer", "minimum": 0, "maximum": MaxEpochs, "description": "Epochs in which the rate rises, with every update, to its full value."},
		},
		"patternProperties": syntax.Schema{`^(0|[1-9][0-9]*)$`: factorOfDrop.Schema(nil)}}
}

func described(s syntax.Schema, doc string) syntax.Schema {
	s["description"] = doc
	return s
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

// reached keeps the parts of a schedule that have an effect: later epochs never come, and a
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
