package align

import "math"

// assign solves the linear assignment problem: it returns for each row i of an n×n matrix the column to[i], each column once, with the largest
// sum of value(i, to[i]). Values are finite. It adds rows one after another along shortest augmenting paths, in O(n³) (Jonker and
// Volgenant 1987, without their initialization).
func assign(n int, value func(i, j int) float64) (to []int) {
	const none = -1
	rowPrice, columnPrice := make([]float64, n), make([]float64, n)
	rowOf, to := make([]int, n), make([]int, n) // the row of each column
	for j := range rowOf {
		rowOf[j] = none
	}
	for row := range n {
		// Dijkstra's algorithm over columns; the cost of an edge is −value, reduced by the prices.
		shortest, before, done := make([]float64, n), make([]int, n), make([]bool, n)
		for j := range n {
			shortest[j], before[j] = math.Inf(1), none
		}
		var reached []int // columns whose distance is final
		i, last, distance := row, none, 0.0
		for {
			next := none
			for j := range n {
				if done[j] {
					continue
				}
				if d := distance - value(i, j) - rowPrice[i] - columnPrice[j]; d < shortest[j] {
					shortest[j], before[j] = d, last
				}
				if next == none || shortest[j] < shortest[next] {
					next = j
				}
			}
			distance, last, done[next] = shortest[next], next, true
			if rowOf[next] == none {
				break
			}
			reached, i = append(reached, next), rowOf[next]
		}
		rowPrice[row] += distance
		for _, j := range reached {
			rowPrice[rowOf[j]] += distance - shortest[j]
			columnPrice[j] -= distance - shortest[j]
		}
		for j := last; j != none; {
			previous := before[j]
			if rowOf[j] = row; previous != none {
				rowOf[j] = rowOf[previous]
			}
			j = previous
		}
	}
	for j, i := range rowOf {
		to[i] = j
	}
	return to
}
