package refine

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Search finds how far along its axes a map should reach: to the distance at which the loss has risen by the factor Rise, from 0
// downwards and from Beyond upwards.
//
// A rise is counted in units of the size of the loss where rays begin; where that is 0, or less than a millionth of the largest rise at
// distance 1, in hundredths of that rise. A loss that is not finite has risen. Distances are round numbers, ten in each power of ten,
// from a ten-thousandth to a hundred.
type Search struct {
	Axes         int // 1 or 2
	Rise, Beyond float64
}

// Probe is a point of a search, and its loss where that is known.
type Probe struct{ X, Y, Loss float64 }

// Range is the result of a search: how far a map reaches, the same to both sides.
type Range struct {
	Distance []float64 `json:"distance"` // of each axis
	Beyond   float64   `json:"beyond"`
}

// Range is the coordinates of both ends along axis 0 or 1, with a margin as a share of their distance.
func (r *Range) Range(axis int, margin float64) (lo, hi float64) {
	d := r.Distance[min(axis, len(r.Distance)-1)]
	room := margin * (2*d + r.Beyond)
	return -d - room, r.Beyond + d + room
}

// DecodeRange reads a range in JSON, and refuses one without axes or with distances that are not above 0.
func DecodeRange(b []byte) (*Range, error) {
	r := new(Range)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, err
	}
	if len(r.Distance) == 0 || r.Beyond < 0 {
		return nil, errors.New("a range without axes")
	}
	for _, d := range r.Distance {
		if !(d > 0) {
			return nil, fmt.Errorf("a range with the distance %v, want one above 0", d)
		}
	}
	return r, nil
}

// Rungs are the numbers of distances: rung 0 is 1, and rungs are powers of the tenth root of ten, rounded.
const (
	firstRung, lastRung = -40, 20
	gallop              = 3    // a factor of 2
	saturated           = 0.9  // of the highest rise
	flat                = 0.01 // in units
	leastUnit           = 1e-6 // of the largest rise at distance 1
	usualUnit           = 0.01 // of that rise, where the loss has no unit
)

func distance(rung int) float64 {
	decade := int(math.Floor(float64(rung) / 10))
	v := []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8}[rung-10*decade]
	if decade < 0 {
		return v / math.Pow10(-decade)
	}
	return v * math.Pow10(decade)
}

// ray is one way along an axis.
type ray struct {
	axis int
	up   bool
}

// at is a point of a ray, which begins at distance 0.
func (s Search) at(r ray, d float64) Probe {
	v := -d
	if r.up {
		v = s.Beyond + d
	}
	if r.axis == 0 {
		return Probe{X: v + 0} // no negative zero
	}
	return Probe{Y: v + 0}
}

func (s Search) rays() (out []ray) {
	for axis := range s.Axes {
		out = append(out, ray{axis, false}, ray{axis, true})
	}
	return out
}

// losses are the values of probes by their place.
type losses map[[2]float64]float64

func (s Search) known(probes []Probe) losses {
	known := make(losses, len(probes))
	for _, p := range probes {
		known[[2]float64{p.X, p.Y}] = p.Loss
	}
	return known
}

// Next are the points whose loss the search needs next, empty when the range is settled. They follow from the known points alone.
func (s Search) Next(probes []Probe) (next []Probe) {
	known := s.known(probes)
	need := func(p Probe) {
		if _, ok := known[[2]float64{p.X, p.Y}]; !ok {
			known[[2]float64{p.X, p.Y}] = math.NaN()
			next = append(next, p)
		}
	}
	for _, r := range s.rays() {
		need(s.at(r, 0))
		need(s.at(r, distance(0)))
	}
	if len(next) > 0 {
		return next
	}
	unit := s.unit(known)
	for _, r := range s.rays() {
		if rung, done := s.follow(known, r, unit); !done {
			need(s.at(r, distance(rung)))
		}
	}
	return next
}

// Found is the range when Next has no more points.
func (s Search) Found(probes []Probe) Range {
	known := s.known(probes)
	unit := s.unit(known)
	out := Range{Distance: make([]float64, s.Axes), Beyond: s.Beyond}
	for _, r := range s.rays() {
		rung, _ := s.follow(known, r, unit)
		out.Distance[r.axis] = max(out.Distance[r.axis], distance(rung))
	}
	return out
}

// rise is how far the loss of a rung lies above that where its ray begins: infinite for one that is not finite, and 0 for all where
// the ray begins at such a loss.
func (s Search) rise(known losses, r ray, rung int) (rise float64, ok bool) {
	from, to := s.at(r, 0), s.at(r, distance(rung))
	loss, ok := known[[2]float64{to.X, to.Y}]
	start := known[[2]float64{from.X, from.Y}]
	switch rise = loss - start; {
	case math.IsNaN(start) || math.IsInf(start, 0):
		rise = 0
	case math.IsNaN(rise):
		rise = math.Inf(1)
	}
	return rise, ok
}

// unit is the loss that rises are counted in.
func (s Search) unit(known losses) float64 {
	unit, highest := 0.0, 0.0
	for _, r := range s.rays() {
		from := s.at(r, 0)
		if loss := math.Abs(known[[2]float64{from.X, from.Y}]); loss <= math.MaxFloat64 {
			unit = max(unit, loss)
		}
		if rise, _ := s.rise(known, r, 0); !math.IsInf(rise, 1) {
			highest = max(highest, rise)
		}
	}
	if unit <= leastUnit*highest {
		return usualUnit * highest
	}
	return unit
}

// follow is the rung where the loss has risen, or with done false the next one to be evaluated.
func (s Search) follow(known losses, r ray, unit float64) (rung int, done bool) {
	enough := (s.Rise - 1) * unit
	highest := 0.0
	for rung = 0; rung <= lastRung; rung += gallop {
		rise, ok := s.rise(known, r, rung)
		if !ok {
			return rung, false
		}
		if highest = max(highest, rise); rise >= enough && enough > 0 {
			return s.narrow(known, r, rung, enough)
		}
	}
	if highest <= flat*unit {
		return 0, true
	}
	for rung = 0; ; rung += gallop { // the highest is one of them
		if rise, _ := s.rise(known, r, rung); rise >= saturated*highest {
			return s.narrow(known, r, rung, saturated*highest)
		}
	}
}

// narrow finds the first rung with enough rise, of which rung has enough.
func (s Search) narrow(known losses, r ray, rung int, enough float64) (int, bool) {
	low := rung - gallop
	for ; low >= firstRung; low -= gallop {
		rise, ok := s.rise(known, r, low)
		if !ok {
			return low, false
		}
		if rise < enough {
			break
		}
		rung = low
	}
	for low >= firstRung && rung-low > 1 {
		middle := (low + rung) / 2
		rise, ok := s.rise(known, r, middle)
		if !ok {
			return middle, false
		}
		if rise < enough {
			low = middle
		} else {
			rung = middle
		}
	}
	return rung, true
}
