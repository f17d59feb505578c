package lattice

import (
	"cmp"
	"math"
	"slices"

	"lossatlas/activities/render/internal/canvas"

	"gonum.org/v1/plot/vg"
)

// LineLabel is a level written into one of its lines.
type LineLabel struct {
	Box   Box
	Text  canvas.Text
	Level int
}

// LevelLine is one line of a level, on the canvas.
type LevelLine struct {
	Track
	Level int
	Gaps  [][2]float64 // where labels stand
}

// labeller places labels on lines: in a gap of their own line where it runs straight,
// upright, inside the frame, apart from each other and away from other lines.
type labeller struct {
	frame  vg.Rectangle
	size   vg.Length // of the text
	lines  []LevelLine
	near   *buckets
	placed []LineLabel
}

const (
	// labelPad is the space between a label and its line's ends, in shares of the text size.
	labelPad = 0.3
	// labelApart is the space between two labels.
	labelApart = 0.6
	// minStraight is the least chord of a label's stretch of line, as a share of its length.
	minStraight = 0.94
	// maxForeign is how many other lines the label of a level's longest line may cover. The labels
	// of its other lines cover none.
	maxForeign = 2
	// maxLabels bounds the labels of one figure; a chaotic surface has many short lines.
	maxLabels = 60
)

// PlaceLabels labels the longest line of each level first and then the others, and
// records in lines the gaps that the labels need.
func PlaceLabels(lines []LevelLine, texts []canvas.Text, size vg.Length, frame vg.Rectangle) []LineLabel {
	l := &labeller{frame: frame, size: size, lines: lines, near: newBuckets(lines, frame)}
	order := make([]int, len(lines))
	rank := make([]int, len(lines)) // of a line among the lines of its level, by length
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lines[b].Length(), lines[a].Length()) })
	seen := map[int]int{}
	for _, i := range order {
		rank[i] = seen[lines[i].Level]
		seen[lines[i].Level]++
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(min(rank[a], 1), min(rank[b], 1))
	})
	for _, i := range order {
		if len(l.placed) >= maxLabels {
			break
		}
		foreign := 0
		if rank[i] == 0 {
			foreign = maxForeign
		}
		l.label(i, texts[lines[i].Level], foreign)
	}
	return l.placed
}

// label finds the best place on line i, if there is one, that covers at most foreign other lines.
func (l *labeller) label(i int, t canvas.Text, foreign int) {
	line := &l.lines[i]
	pad := labelPad * l.size.Points()
	width := t.Width(l.size).Points()
	stretch := width + 2*pad
	// A line not much longer than its label would show as two stumps.
	need := 2.2 * stretch
	if line.closed {
		need = 4 * stretch
	}
	length := line.Length()
	if length < need {
		return
	}
	from, to := stretch, length-stretch
	if line.closed {
		from, to = 0, length
	}
	best, bestCost := LineLabel{}, math.Inf(1)
	var bestAt float64
	for s := from; s <= to; s += stretch / 4 {
		b, cost, ok := l.try(i, s, stretch, width, bestCost, foreign)
		if ok && cost < bestCost {
			best, bestCost, bestAt = LineLabel{Box: b, Text: t, Level: line.Level}, cost, s
		}
	}
	if math.IsInf(bestCost, 1) {
		return
	}
	l.placed = append(l.placed, best)
	line.Gaps = append(line.Gaps, [2]float64{bestAt - stretch/2, bestAt + stretch/2})
}

// try judges the place at distance s along line i; places that cost limit or more need not be judged to the end.
func (l *labeller) try(i int, s, stretch, width, limit float64, mayCover int) (Box, float64, bool) {
	line := &l.lines[i]
	a, b := line.Point(s-stretch/2), line.Point(s+stretch/2)
	chord := Distance(a, b)
	if chord < minStraight*stretch {
		return Box{}, 0, false
	}
	mid := line.Point(s)
	angle := math.Atan2(float64(b.Y-a.Y), float64(b.X-a.X))
	if angle > math.Pi/2 {
		angle -= math.Pi
	} else if angle <= -math.Pi/2 {
		angle += math.Pi
	}
	bx := Box{
		// Between the chord and the bow of the line, so that both sides of the gap meet the text's middle.
		Center: vg.Point{X: (a.X+b.X)/4 + mid.X/2, Y: (a.Y+b.Y)/4 + mid.Y/2},
		HalfW:  width / 2,
		HalfH:  l.size.Points() * canvas.CapHeight / 2,
		Angle:  angle,
	}
	// Straight and level places first.
	cost := 40*(1-chord/stretch) + 0.6*math.Abs(angle)
	if cost >= limit || !bx.Grown(0.4*l.size.Points()).Within(l.frame) {
		return Box{}, 0, false
	}
	apart := bx.Grown(labelApart * l.size.Points())
	for _, p := range l.placed {
		if apart.Overlaps(p.Box) {
			return Box{}, 0, false
		}
	}
	foreign := l.near.count(bx.Grown(0.15*l.size.Points()), i)
	if foreign > mayCover {
		return Box{}, 0, false
	}
	return bx, cost + 1.5*float64(foreign), true
}

// buckets finds the lines near a place.
type buckets struct {
	origin vg.Point
	size   float64
	nx, ny int
	cells  [][]piece
}

// piece is one segment of a line.
type piece struct {
	a, b vg.Point
	line int
}

func newBuckets(lines []LevelLine, frame vg.Rectangle) *buckets {
	b := &buckets{origin: frame.Min, size: 6}
	b.nx = int(float64(frame.Size().X)/b.size) + 1
	b.ny = int(float64(frame.Size().Y)/b.size) + 1
	b.cells = make([][]piece, b.nx*b.ny)
	for i, l := range lines {
		for j := 1; j < len(l.pts); j++ {
			p := piece{l.pts[j-1], l.pts[j], i}
			x0, x1, y0, y1 := b.span(p.a, p.b)
			for y := y0; y <= y1; y++ {
				for x := x0; x <= x1; x++ {
					b.cells[y*b.nx+x] = append(b.cells[y*b.nx+x], p)
				}
			}
		}
	}
	return b
}

// span returns the cells that hold all the points.
func (b *buckets) span(pts ...vg.Point) (x0, x1, y0, y1 int) {
	x0, y0 = b.nx-1, b.ny-1
	for _, p := range pts {
		x := min(max(int(float64(p.X-b.origin.X)/b.size), 0), b.nx-1)
		y := min(max(int(float64(p.Y-b.origin.Y)/b.size), 0), b.ny-1)
		x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
	}
	return x0, x1, y0, y1
}

// count returns how many lines other than own meet the box, stopping above maxForeign.
func (b *buckets) count(bx Box, own int) int {
	x0, x1, y0, y1 := b.span(bx.Corners()...)
	var met []int
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			for _, p := range b.cells[y*b.nx+x] {
				if p.line == own || slices.Contains(met, p.line) || !bx.crosses(p.a, p.b) {
					continue
				}
				if met = append(met, p.line); len(met) > maxForeign {
					return len(met)
				}
			}
		}
	}
	return len(met)
}
