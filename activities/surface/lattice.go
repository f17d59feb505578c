package surface

import "math"

// Lattice is n equidistant numbers from min to max, both included and exact.
// The one point of n = 1 is the middle, and there is none for n < 1.
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
// first: the corners, then in rounds the middles between what is there, each
// round in row-major order. Evaluated in this order, a picture of the whole
// range is there early and becomes finer. On lattices of 2^k+1 points a side
// each round completes a lattice of half the distance.
func Order(nx, ny int) []int {
	if nx < 1 || ny < 1 {
		return nil
	}
	lx, ly := rounds(nx), rounds(ny)
	order := make([]int, 0, nx*ny)
	for round := 0; len(order) < nx*ny; round++ {
		for iy := range ny {
			for ix := range nx {
				if max(lx[ix], ly[iy]) == round {
					order = append(order, iy*nx+ix)
				}
			}
		}
	}
	return order
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

// Chunk is a run From ≤ i < To of an evaluation order: the portion of work
// that is stored as a whole.
type Chunk struct{ From, To int }

// Chunks cuts n points into runs of per points, the last one shorter.
func Chunks(n, per int) []Chunk {
	if per < 1 {
		per = 1
	}
	var chunks []Chunk
	for from := 0; from < n; from += per {
		chunks = append(chunks, Chunk{from, min(n, from+per)})
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
// the images. It depends on nothing else, so all machines cut a map alike.
func PointsPerChunk(macs int64, images, points int) int {
	perPoint := flopsPerMAC * float64(macs) * float64(images) / nominalFLOPS // seconds
	per := float64(points)
	if perPoint > 0 {
		per = math.Min(per, math.Round(chunkSeconds/perPoint))
	}
	atLeast := (points + maxChunks - 1) / maxChunks
	return max(1, atLeast, int(per))
}
