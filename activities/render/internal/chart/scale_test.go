package chart

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func labelsOf(ticks []Tick) []string {
	var out []string
	for _, t := range ticks {
		if t.Minor {
			continue
		}
		s := ""
		for _, r := range t.Label.Runs {
			if r.Rise > 0 {
				s += "^"
			}
			s += r.S
		}
		out = append(out, s)
	}
	return out
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		s    Scale
		n    int
		want []string
	}{
		{Scale{Lo: -1, Hi: 1}, 6, []string{"−1.0", "−0.5", "0.0", "0.5", "1.0"}},
		{Scale{Lo: 0, Hi: 100}, 5, []string{"0", "20", "40", "60", "80", "100"}},
		{Scale{Lo: 0, Hi: 299}, 8, []string{"0", "50", "100", "150", "200", "250"}},
		{Scale{Lo: 0.3, Hi: 0.35}, 6, []string{"0.30", "0.31", "0.32", "0.33", "0.34", "0.35"}},
		{Scale{Lo: 0.01, Hi: 100, Log: true}, 6, []string{"0.01", "0.1", "1", "10", "100"}},
		{Scale{Lo: 0.5, Hi: 9, Log: true}, 6, []string{"0.5", "1", "2", "5"}},
		{Scale{Lo: 2.2, Hi: 2.4, Log: true}, 5, []string{"2.20", "2.25", "2.30", "2.35", "2.40"}},
		{Scale{Lo: 1e-6, Hi: 1e6, Log: true}, 5, []string{"10^−6", "10^−3", "10^0", "10^3", "10^6"}},
	} {
		if diff := cmp.Diff(c.want, labelsOf(c.s.Ticks(c.n))); diff != "" {
			t.Errorf("ticks of %+v (−want +got):\n%s", c.s, diff)
		}
	}
}

// Ticks rise, stay inside the range, and are neither too few to read nor more than asked for.
func TestTicksOfAnyRange(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lo := rapid.Float64Range(-1e9, 1e9).Draw(rt, "lo")
		span := math.Pow(10, rapid.Float64Range(-3, 9).Draw(rt, "span"))
		s := Scale{Lo: lo, Hi: lo + span}
		if rapid.Bool().Draw(rt, "log") {
			s = Scale{Lo: math.Pow(10, rapid.Float64Range(-12, 6).Draw(rt, "decade")), Log: true}
			s.Hi = s.Lo * math.Pow(10, rapid.Float64Range(0.01, 12).Draw(rt, "decades"))
		}
		n := rapid.IntRange(2, 10).Draw(rt, "n")
		ticks := s.Ticks(n)
		for i, x := range ticks {
			if p := s.At(x.V); p < -1e-6 || p > 1+1e-6 {
				rt.Fatalf("tick %g lies at %g of %+v", x.V, p, s)
			}
			if i > 0 && x.V <= ticks[i-1].V {
				rt.Fatalf("ticks %g, %g", ticks[i-1].V, x.V)
			}
		}
		if labels := labelsOf(ticks); !s.Log && (len(labels) > n+1 || len(labels) < n/5) {
			rt.Fatalf("%d labels where about %d were asked for: %v", len(labels), n, labels)
		} else if s.Log && (len(labels) == 0 || len(labels) > n+3) {
			rt.Fatalf("%d labels where about %d were asked for: %v", len(labels), n, labels)
		}
	})
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.1: "0.1", 0.6: "0.6", 1: "1", 2.0: "2", 20: "20", 1234: "1230", 0.05912: "0.0591", -3.5: "−3.5",
		5e5: "500000", 2e6: "2e6", 3e-5: "3e−5", 0.001: "0.001",
	} {
		if got := Number(v); got != want {
			t.Errorf("number(%g) = %q, want %q", v, got, want)
		}
	}
}

// Numbers next to each other differ as text.
func TestNumbersDiffer(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{{[]float64{2.27, 2.275, 2.28}, "[2.27 2.275 2.28]"}, {[]float64{0.1, 10, 1e7}, "[0.1 10 1e7]"}, {[]float64{1, 1}, "[1 1]"}} {
		if got := fmt.Sprint(Numbers(c.values)); got != c.want {
			t.Errorf("%v are written %s, want %s", c.values, got, c.want)
		}
	}
}
