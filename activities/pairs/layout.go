package pairs

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/mds"
)

// Components places points with given distances along their first two principal components, by classical multidimensional scaling (Torgerson 1952), and returns
// the shares of the variance that these explain. The first point has no negative coordinate.
func Components(distances mat.Symmetric) (points [][2]float64, ratio [2]float64) {
	n := distances.SymmetricDim()
	points = make([][2]float64, n)
	if n < 2 {
		return points, ratio
	}
	var coordinates mat.Dense
	k, values := mds.TorgersonScaling(&coordinates, make([]float64, n), distances)
	total := 0.0
	for _, v := range values {
		total += max(v, 0)
	}
	for axis := range min(k, 2) {
		sign := 1.0
		if coordinates.At(0, axis) < 0 {
			sign = -1
		}
		for i := range points {
			points[i][axis] = sign * coordinates.At(i, axis)
		}
		if total > 0 {
			ratio[axis] = values[axis] / total
		}
	}
	return points, ratio
}

// The search for a layout ends after maxSteps, or when a step lowers the stress by less than this share of it.
const (
	maxSteps  = 1000
	leastGain = 1e-9
)

// Layout moves points until their distances in the plane are as near to the given ones as they become: a local minimum of the stress, by
// majorization (SMACOF; de Leeuw 1977).
func Layout(distances mat.Symmetric, from [][2]float64) (points [][2]float64, stress float64) {
	points, stress = from, Stress(distances, from)
	for range maxSteps {
		next := make([][2]float64, len(points))
		for i, p := range points {
			for j, q := range points {
				if between := math.Hypot(p[0]-q[0], p[1]-q[1]); between > 0 {
					for axis := range 2 {
						next[i][axis] += float64((p[axis]-q[axis])*distances.At(i, j)/between) / float64(len(points))
					}
				}
			}
		}
		before := stress
		if points, stress = next, Stress(distances, next); before-stress <= leastGain*before {
			break
		}
	}
	return points, stress
}

// Stress is the root of Σ(d − ‖p − q‖)²/Σd² over all pairs of points p and q with the distance d (Kruskal 1964), 0 for points without distances.
func Stress(distances mat.Symmetric, points [][2]float64) float64 {
	difference, total := 0.0, 0.0
	for i, p := range points {
		for j, q := range points[:i] {
			d := distances.At(i, j)
			off := d - math.Hypot(p[0]-q[0], p[1]-q[1])
			difference, total = difference+float64(off*off), total+float64(d*d)
		}
	}
	if total == 0 {
		return 0
	}
	return math.Sqrt(difference / total)
}
