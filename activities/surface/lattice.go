package surface

import (
	"math"
	"math/bits"
	"slices"
)

// Lattice is n equidistant numbers from min to max, both included and exact.
// The one point of n = 1 is the middle; n < 1 has no points.
//
// A point's bits depend on min, max and its place between them only, so the
// lattices of n and 2n−1 points (those of 2^k+1, for instance) nest: what was
// evaluated on the coarse one is part of the fine one. Symmetric ranges give
// symmetric lattices, with an exact 0 in the middle when n is odd.
func Lattice(min, max float64, n int) []float64 {
	if n < 1 {
		return nil
	}
	if n == 1 {
		return []float64{min/2 + max/2}
	}
	v := make([]float64, n)
	last := n - 1
	for i := range v {
		// The conversions forbid fused multiply-adds, whose bits differ from one
		// kind of processor to another. Doubling both weights and the divisor
		// is exact, hence the nesting.
		v[i] = (float64(min*float64(last-i)) + float64(max*float64(i))) / float64(last)
	}
	v[0], v[last] = min, max
	return v
}

// Order is the row-major indices of an nx×ny lattice, each once, coarse points
// first: the corners, then in rounds the middles between earlier points, each
// round in row-major order. Evaluated in this order, a picture of the whole
// range is there early and becomes finer. Each lattice that nests in it (see
// Coarser) is completed by a round, before any other point.
func Order(nx, ny int) []int { return slices.Concat(Rounds(nx, ny)...) }

// Rounds is Order cut into its rounds.
func Rounds(nx, ny int) [][]int {
	if nx < 1 || ny < 1 {
		return nil
	}
	// The coarsest lattice of all is bisected as it goes; from there on, rounds halve the distances exactly.
	halvings := 0
	cx, cy := nx, ny
	for x, y, ok := Coarser(cx, cy); ok; x, y, ok = Coarser(cx, cy) {
		cx, cy, halvings = x, y, halvings+1
	}
	bx, by := rounds(cx), rounds(cy)
	last := max(slices.Max(bx), slices.Max(by))
	rx, ry := halved(nx, bx, last, halvings), halved(ny, by, last, halvings)
	var out [][]int
	for i := range nx * ny {
		r := max(rx[i%nx], ry[i/nx])
		for len(out) <= r {
			out = append(out, nil)
		}
		out[r] = append(out[r], i)
	}
	return slices.DeleteFunc(out, func(round []int) bool { return len(round) == 0 })
}

// Coarser is the lattice of every other point of an nx×ny lattice, over the
// same range; ok is false if no such lattice has two points a side. A
// line (ny = 1) stays one.
func Coarser(nx, ny int) (cx, cy int, ok bool) {
	if nx < 3 || nx%2 == 0 || ny != 1 && (ny < 3 || ny%2 == 0) {
		return 0, 0, false
	}
	return (nx + 1) / 2, (ny + 1) / 2, true
}

// halved is the round of each place of an axis of n points: that in base for
// the points of the coarsest lattice, whose last round is last, and then one for
// each halving.
func halved(n int, base []int, last, halvings int) []int {
	round := make([]int, n)
	for i := range round {
		if n == 1 {
			break
		}
		zeros := bits.TrailingZeros(uint(i) | 1<<halvings)
		if round[i] = last + halvings - zeros; zeros == halvings {
			round[i] = base[i>>halvings]
		}
	}
	return round
}

// rounds is, for each place of an axis of n points, the round in which it is
// reached when intervals are halved: 0 for the two ends.
func rounds(n int) []int {
	round := make([]int, n)
	ends := []int{0}
	if n > 1 {
		ends = append(ends, n-1)
	}
	for r := 1; len(ends) < n; r++ {
		next := ends[:1:1]
		for i, b := range ends[1:] {
			if a := ends[i]; b-a > 1 {
				middle := a + (b-a)/2
				round[middle] = r
				next = append(next, middle)
			}
			next = append(next, b)
		}
		ends = next
	}
	return round
}

// Chunks cuts each round into runs of per points, the last one shorter. A
// chunk is the portion of work that is stored as a whole; as no chunk crosses the end of a
// round, those of the lattices that nest in it are whole chunks.
func Chunks(rounds [][]int, per int) [][]int {
	var chunks [][]int
	for _, round := range rounds {
		chunks = slices.AppendSeq(chunks, slices.Chunk(round, max(per, 1)))
	}
	return chunks
}

// The nominal size of a chunk: long enough that storing it costs little, short
// enough that losing it does; and few enough that a run's history stays small.
const (
	nominalFLOPS = 50e9 // of one machine; only its order of magnitude matters
	chunkSeconds = 4
	maxChunks    = 400
	flopsPerMAC  = 2
)

// PointsPerChunk is how many points of a map of the given number of points
// make up a chunk, when one evaluation takes macs multiply-adds for each of
// the examples. It depends on nothing else, so all machines cut a map alike.
func PointsPerChunk(macs int64, examples, points int) int {
	perPoint := flopsPerMAC * float64(macs) * float64(examples) / nominalFLOPS // seconds
	per := float64(points)
	if perPoint > 0 {
		per = math.Min(per, math.Round(chunkSeconds/perPoint))
	}
	atLeast := (points + maxChunks - 1) / maxChunks
	return max(1, atLeast, int(per))
}
