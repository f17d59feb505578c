package data

// drawShape draws image i of a split of Shapes10, plane by plane, and returns its class: a
// ground of two colours, clutter behind, the shape or texture of the class,
// clutter in front, and noise.
func drawShape(img []uint8, split string, i int) int32 {
	label := shapeLabel(split, i)
	d := newDice(split, "image", i)
	ground := d.colour()
	drawGround(img, d, ground)
	for range d.below(4) {
		drawClutter(img, d, 4*unit)
	}
	f, reach, in := classFigure(d, label)
	paint(img, f, reach, in, d.unlike(ground, 180), d.between(192, 256))
	for range d.below(2) {
		drawClutter(img, d, 3*unit)
	}
	addNoise(img, d, d.between(4, 44))
	return label
}

// drawGround fills the image with a straight blend between the ground colour
// and one not far from it, in a random direction.
func drawGround(img []uint8, d *dice, from rgb) {
	to := from
	for c := range to {
		to[c] = min(239, max(16, to[c]+d.between(-48, 48)))
	}
	f := turned(width*unit/2, height*unit/2, d.below(4*steps))
	for y := range height {
		for x := range width {
			_, v := f.local(x*unit, y*unit)
			t := min(256, max(0, 128+v/46)) // v spans ±23 pixels
			for c := range channels {
				img[c*plane+y*width+x] = uint8((from[c]*(256-t) + to[c]*t) / 256)
			}
		}
	}
}

// drawClutter draws a small disc, box or bar of a random colour anywhere.
func drawClutter(img []uint8, d *dice, size int) {
	f := turned(d.below(width*unit), d.below(height*unit), d.below(4*steps))
	r := d.between(size/4, size)
	var in figure
	switch d.below(3) {
	case 0:
		r /= 2
		in = disc(r)
	case 1:
		in = box(r/2, d.between(r/4, r/2))
	default:
		in = box(r, d.between(unit/2, unit))
	}
	paint(img, f, r+unit, in, d.colour(), d.between(128, 256))
}

// classFigure draws the lots of the class's figure: its frame, how far it
// reaches, and the figure.
func classFigure(d *dice, label int32) (frame, int, figure) {
	if label < 5 {
		r := d.between(7*unit, 13*unit)
		edge := 2*unit + r/2 // the figure may stick out a little
		f := turned(d.between(edge, width*unit-edge), d.between(edge, height*unit-edge), 4*steps+d.between(-5, 5))
		reach := r + unit
		switch label {
		case 0:
			return f, reach, disc(r)
		case 1:
			return f, reach, ring(r*d.between(40, 70)/100, r)
		case 2:
			side := r * 8 / 10
			return f, reach + r/4, box(side, side)
		case 3:
			return f, reach, triangle(r)
		default:
			return f, reach + r/4, cross(r, r*d.between(18, 34)/100)
		}
	}
	// A texture fills a patch, round or square, so that the outline of the
	// patch says nothing about the class.
	r := d.between(9*unit, 17*unit)
	edge := 4*unit + r/2
	x, y := d.between(edge, width*unit-edge), d.between(edge, height*unit-edge)
	period, phase := d.between(4*unit, 8*unit), d.below(16*unit)
	part := period * d.between(35, 60) / 100
	tilt := 4*steps + d.between(-4, 4) // up to 14° either way
	patch, reach := disc(r), r+unit
	if d.coin() {
		patch, reach = box(r, r), r*3/2
	}
	switch label {
	case 5:
		return turned(x, y, tilt), reach, within(patch, stripes(period, part, phase))
	case 6:
		return turned(x, y, tilt+steps), reach, within(patch, stripes(period, part, phase))
	case 7:
		diagonal := steps * 53 / 128 // tan(45°/2)·steps, the angle of 45°
		if d.coin() {
			diagonal += steps
		}
		return turned(x, y, tilt+diagonal), reach, within(patch, stripes(period, part, phase))
	case 8:
		return turned(x, y, tilt), reach, within(patch, checkerboard(period*3/4, phase))
	default:
		return turned(x, y, d.below(4*steps)), reach, within(patch, dots(period, period*d.between(28, 40)/100, phase))
	}
}

// addNoise adds to each byte a number of a triangular distribution over
// ±amplitude.
func addNoise(img []uint8, d *dice, amplitude int) {
	for i := 0; i < len(img); i += 4 {
		bits := d.pcg.Uint64()
		for k := range 4 {
			a, b := int(bits>>(16*k)&255), int(bits>>(16*k+8)&255)
			v := int(img[i+k]) + (a+b-255)*amplitude/256
			img[i+k] = uint8(min(255, max(0, v)))
		}
	}
}
