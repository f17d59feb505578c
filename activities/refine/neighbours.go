package refine

// neighbour is a known point, by its place among them, and its squared distance.
type neighbour struct {
	known int
	r2    float64
}

// insert puts v into a list of at most limit neighbours, nearest first; equally near ones stay in the order in which they came.
func insert(list []neighbour, v neighbour, limit int) []neighbour {
	if len(list) == limit {
		if v.r2 >= list[limit-1].r2 {
			return list
		}
		list = list[:limit-1]
	}
	i := len(list)
	list = append(list, v)
	for ; i > 0 && list[i-1].r2 > v.r2; i-- {
		list[i] = list[i-1]
	}
	list[i] = v
	return list
}

// neighbourhood finds the nearest known points of each quadrant around a target, so that sides with sparse points count as
// well as sides with dense ones. A line has two sides.
type neighbourhood struct {
	line  bool
	most  int
	sides [4][]neighbour
}

// around returns the places of at most n.most points with a squared distance above hole2, taking the quadrants in turn.
func (n *neighbourhood) around(target point, points []point, hole2 float64) []int {
	for i := range n.sides {
		n.sides[i] = n.sides[i][:0]
	}
	for i, p := range points {
		if r2 := p.distance2(target); r2 > hole2 {
			side := quadrant(p.x-target.x, p.y-target.y, n.line)
			n.sides[side] = insert(n.sides[side], neighbour{i, r2}, n.most)
		}
	}
	out := make([]int, 0, n.most)
	for rank := range n.most {
		for _, side := range n.sides {
			if rank < len(side) && len(out) < n.most {
				out = append(out, side[rank].known)
			}
		}
	}
	return out
}

// quadrant numbers the quadrants, each with one of its axes.
func quadrant(dx, dy float64, line bool) int {
	switch {
	case dx > 0 && dy >= 0:
		return 0
	case line:
		return 1
	case dx <= 0 && dy > 0:
		return 1
	case dx < 0:
		return 2
	}
	return 3
}
