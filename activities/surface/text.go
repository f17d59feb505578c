package surface

import (
	"bytes"
	"math"
	"strconv"
)

// CSV writes the grid as a table, one row a point in row-major order: x, y,
// loss, accuracy, evaluated, with Decay decay, with Curvature lambda_min, lambda_max,
// residual_min, residual_max, with Estimate loss_error, accuracy_error, and with Sampling loss_se, accuracy_se, rise_se. Numbers are the shortest that read back to the
// same bits; NaN, a loss that is not a number, Inf and -Inf stand for themselves. Fields without a value are empty: those of points that were neither
// evaluated nor estimated, the accuracy where the problem has no score, and errors and eigenvalues that are not known.
func (g Grid) CSV() ([]byte, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("x,y,loss,accuracy,evaluated")
	var extra []namedValues
	if g.Decay != nil {
		extra = append(extra, namedValues{"decay", &g.Decay})
	}
	if g.Curvature != nil {
		extra = append(extra, g.Curvature.arrays()...)
	}
	if g.Estimate != nil {
		extra = append(extra, g.Estimate.values()...)
	}
	if g.Sampling != nil {
		extra = append(extra, g.Sampling.values()...)
	}
	for _, a := range extra {
		b.WriteString("," + a.name)
	}
	b.WriteByte('\n')
	for i, done := range g.Mask {
		b.WriteString(number(g.X[i%len(g.X)]) + "," + number(g.Y[i/len(g.X)]) + ",")
		if done {
			b.WriteString(number(g.Loss[i]) + "," + numberOrEmpty(g.Accuracy[i]) + "," + strconv.FormatBool(g.IsEvaluated(i)))
		} else {
			b.WriteString(",,false")
		}
		for _, a := range extra {
			b.WriteByte(',')
			if done {
				b.WriteString(numberOrEmpty((*a.values)[i]))
			}
		}
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

// number formats without a plus sign, as spreadsheets and other programs read it.
func number(v float64) string {
	if math.IsInf(v, 1) {
		return "Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// numberOrEmpty is a number, or "" for NaN.
func numberOrEmpty(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return number(v)
}
