package engine

import (
	"context"
	"math"

	"lossatlas/activities/problem"
)

// Sampling are the standard errors of an Eval as an estimate over the population that its examples are drawn from at random, without
// the correction for a finite population. NaN stands for unknown ones: of a score that is no mean, of values that are not finite, and
// of fewer than two examples.
type Sampling struct {
	Loss  float64
	Score float64 // percentage points
	// Rise is the loss minus the loss at the center, over the same examples, so that their common error cancels.
	Rise float64
}

var noSampling = Sampling{math.NaN(), math.NaN(), math.NaN()}

// PerExample are the loss and score of each example at a point.
type PerExample struct{ loss, score []float64 }

// add adds the sums of a batch.
func (p *PerExample) add(loss, score []float32) {
	for i := range loss {
		p.loss, p.score = append(p.loss, float64(loss[i])), append(p.score, float64(score[i]))
	}
}

// perExampleWeights are the divisors of the sums over each example's labels: 1 and 1, unless labels are weighted, ignored or several.
type perExampleWeights struct{ loss, score []float64 }

// IsSampled says whether the standard errors are known: a network of StableHLO programs gives sums only, and examples of a batch with
// statistics of its own are not independent.
func (e *Evaluator) IsSampled() bool { return e.net.StableHLO() == nil && !e.norm.ByBatch }

// Examples is At with the values of each example, which are nil where IsSampled says that they are not known.
func (e *Evaluator) Examples(ctx context.Context, alpha, beta float64) (Eval, *PerExample, error) {
	if !e.IsSampled() {
		v, err := e.At(ctx, alpha, beta)
		return v, nil, err
	}
	at := new(PerExample)
	v, err := e.evaluate(ctx, alpha, beta, at)
	return v, at, err
}

// Classes are the examples' classes, nil where an example has several labels, or targets.
func (e *Evaluator) Classes() []int32 { return e.examples.OneClass() }

// Subset is the evaluation over the examples whose group is below a number.
func (e *Evaluator) Subset(at *PerExample, groups []int, below int) Eval {
	w := e.exampleWeights()
	var loss, score float64
	var out Eval
	var totals problem.Totals
	for i := range at.loss {
		if groups[i] < below {
			loss, score, out.Count = loss+at.loss[i], score+at.score[i], out.Count+1
			totals.Weight, totals.Places = totals.Weight+w.loss[i], totals.Places+w.score[i]
		}
	}
	if out.Loss, out.Score = e.net.Problem.Means(loss, score, totals); !e.net.Problem.ScoreIsMean() {
		out.Score = math.NaN()
	}
	return out
}

// Sampled is At with the standard errors. The first call after SetCenter evaluates the center as well.
func (e *Evaluator) Sampled(ctx context.Context, alpha, beta float64) (Eval, Sampling, error) {
	v, at, err := e.Examples(ctx, alpha, beta)
	if err != nil {
		return v, noSampling, err
	}
	s, err := e.Sampling(ctx, at)
	return v, s, err
}

// Sampling is the standard errors of a point's values. The first call after SetCenter evaluates the center.
func (e *Evaluator) Sampling(ctx context.Context, at *PerExample) (Sampling, error) {
	if at == nil {
		return noSampling, nil
	}
	if e.atCenter == nil {
		center := new(PerExample)
		if _, err := e.evaluate(ctx, 0, 0, center); err != nil {
			return noSampling, err
		}
		e.atCenter = center
	}
	w := e.exampleWeights()
	out := Sampling{Loss: ratioError(residuals(at.loss, w.loss), e.totals.Weight), Score: math.NaN(), Rise: math.NaN()}
	if e.net.Problem.ScoreIsMean() {
		out.Score = 100 * ratioError(residuals(at.score, w.score), e.totals.Places)
	}
	paired := residuals(at.loss, w.loss)
	for i, r := range residuals(e.atCenter.loss, w.loss) {
		paired[i] -= r
	}
	out.Rise = ratioError(paired, e.totals.Weight)
	return out, nil
}

// exampleWeights are computed once.
func (e *Evaluator) exampleWeights() *perExampleWeights {
	if e.weights == nil {
		e.weights = new(perExampleWeights)
		for i := range e.examples.Len() {
			t := e.examples.Slice(i, i+1).Totals()
			e.weights.loss, e.weights.score = append(e.weights.loss, t.Weight), append(e.weights.score, t.Places)
		}
	}
	return e.weights
}

// residuals are vᵢ − R·wᵢ, with R = Σv/Σw.
func residuals(v, w []float64) []float64 {
	var sum, weight float64
	for i := range v {
		sum, weight = sum+v[i], weight+w[i]
	}
	out := make([]float64, len(v))
	for i := range v {
		out[i] = v[i] - float64(sum/weight*w[i]) // no fused multiply-add, whose bits differ between processors
	}
	return out
}

// ratioError is the standard error of a ratio of sums R = Σv/Σw over n examples, √(n/(n−1)·Σrᵢ²)/Σw with the residuals r (Cochran, Sampling
// Techniques, 1977, section 6.4): for w = 1, the standard deviation divided by √n.
func ratioError(residuals []float64, weight float64) float64 {
	n, sum := float64(len(residuals)), 0.0
	for _, r := range residuals {
		sum += float64(r * r)
	}
	if v := math.Sqrt(n/(n-1)*sum) / weight; !math.IsInf(v, 0) {
		return v
	}
	return math.NaN()
}
