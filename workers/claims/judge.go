package main

// verdict is the result of judging a claim.
type verdict string

const (
	holds        verdict = "holds"
	contradicted verdict = "contradicted"
	unsure       verdict = "can't be told"
	notComputed  verdict = "not computed yet"
)

// finding is a verdict with the statistics that it follows from.
type finding struct {
	verdict    verdict
	statistics []statistic
	notes      []string
}

// find judges a claim; one without its sweeps is not judged.
func (c claim) find(all map[string]*Numbers) finding {
	for _, name := range c.sweeps {
		if all[name] == nil {
			return finding{verdict: notComputed}
		}
	}
	f := c.judge(all)
	if f.verdict == "" {
		f.verdict = verdictOf(f.statistics)
	}
	return f
}

// verdictOf follows the rule that stands above the claims.
func verdictOf(statistics []statistic) verdict {
	out := holds
	for _, s := range statistics {
		switch {
		case s.opposes():
			return contradicted
		case !s.agrees():
			out = unsure
		}
	}
	if len(statistics) == 0 {
		return unsure
	}
	return out
}
