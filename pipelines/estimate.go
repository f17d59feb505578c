package pipelines

import (
	"fmt"
	"strings"

	"lossatlas/artifacts"
)

// Estimate puts into the plan how long its steps would take: of gives the
// seconds of a step and from how many earlier steps they come, 0 where nothing
// is known. Work that several steps share counts once.
func (p *Plan) Estimate(g *Graph, of func(Step) (seconds float64, from int)) {
	p.EstimateS, p.Unknown = 0, 0
	work := g.work()
	counted := map[artifacts.Digest]bool{}
	for i, placed := range g.All() {
		s := &p.Steps[i]
		if s.State == StateCached || s.Never || counted[work[i]] {
			continue
		}
		counted[work[i]] = true
		seconds, from := of(placed.Step)
		if from == 0 {
			p.Unknown++
			s.Unknown = true
			continue
		}
		s.EstimateS, s.EstimateFrom = seconds, from
		p.EstimateS += seconds
	}
}

// work identifies what each step does, in the order of the graph: the same for
// steps of different experiments that will have the same key.
func (g *Graph) work() []artifacts.Digest {
	all := g.All()
	out := make([]artifacts.Digest, len(all))
	by := map[string]artifacts.Digest{}
	for i, p := range all {
		var b strings.Builder
		fmt.Fprintf(&b, "%s\n%s\n", p.Step.Kind, p.Step.Params)
		for _, name := range sortedKeys(p.Step.Inputs) {
			ref := p.Step.Inputs[name]
			fmt.Fprintf(&b, "%s %s %s\n", name, by[ref.Step], ref.Output)
		}
		out[i] = artifacts.Of([]byte(b.String()))
		by[p.Step.ID] = out[i]
	}
	return out
}
