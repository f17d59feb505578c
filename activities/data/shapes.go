package data

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"
)

// Shapes10 is a data set that the program draws itself: ten classes of shapes
// and textures on cluttered, noisy grounds, with random colours, places,
// sizes and angles. It has as many images as CIFAR-10, of the same form, so a
// sweep can be tried on it without any file.
const Shapes10 = "shapes10"

// shapesVersion numbers the drawing rules. Any change that alters a single
// byte of a single image must raise it: the digest follows it.
const shapesVersion = 1

var shapes10 = Set{
	Name: Shapes10, Problem: cifarProblem, Train: 50000, Test: 10000,
	open: func(Options) (Source, error) { return shapes{}, nil },
}

// shapes is the Source of Shapes10. It has no state: image i of a split is a
// function of (shapesVersion, split, i) alone, computed with integers, so it
// is the same on every machine, independent of what else is loaded.
type shapes struct{}

// Digest stands for the drawing rules, as no file does.
func (shapes) Digest() (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "lossatlas %s version %d train %d test %d", Shapes10, shapesVersion, shapes10.Train, shapes10.Test)
	return formatDigest(h), nil
}

// Size is 50,000 for train and 10,000 for test.
func (shapes) Size(split string) (int, error) {
	if err := checkSplit(Shapes10, split); err != nil {
		return 0, err
	}
	return map[string]int{Train: shapes10.Train, Test: shapes10.Test}[split], nil
}

// Load draws the images asked for, on all processors.
func (s shapes) Load(split string, from, to int) (Split, error) {
	size, err := s.Size(split)
	if err != nil {
		return Split{}, err
	}
	if err := checkRange(Shapes10, split, from, to, size, "drawn by the program", ""); err != nil {
		return Split{}, err
	}
	n := to - from
	out := Split{Name: split, Problem: cifarProblem, Examples: make([]byte, n*imageSize), Classes: make([]int32, n)}
	var group sync.WaitGroup
	share := (n + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	for lo := 0; lo < n; lo += share {
		group.Go(func() {
			planes := make([]byte, imageSize) // in which images are drawn
			for i := lo; i < min(lo+share, n); i++ {
				out.Classes[i] = drawShape(planes, split, from+i)
				interleave(out.Example(i), planes)
			}
		})
	}
	group.Wait()
	return out, nil
}

// shapeLabel is the class of image i. Each ten images in a row, from a
// multiple of ten on, hold each class once, in an order of their own.
func shapeLabel(split string, i int) int32 {
	d := newDice(split, "labels", i/classes)
	order := [classes]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for k := classes - 1; k > 0; k-- {
		j := d.below(k + 1)
		order[k], order[j] = order[j], order[k]
	}
	return order[i%classes]
}
