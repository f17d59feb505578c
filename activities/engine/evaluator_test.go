package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// eachBackend runs a test on both backends.
func eachBackend(t *testing.T, test func(t *testing.T, b *engine.Backend)) {
	for _, name := range []string{"xla", "go"} {
		t.Run(name, func(t *testing.T) { test(t, open(t, name)) })
	}
}

// tiny is a small network for tests that are not about its size.
func tiny(t testing.TB) (net *nets.Net, theta, state []float32) {
	t.Helper()
	net, err := nets.New("tiny", shared.TinyA(), shared.Problem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state = net.Init(1)
	for i := range theta {
		theta[i] += float32(math.Sin(float64(i))) / 10
	}
	return net, theta, state
}

func at(t testing.TB, e *engine.Evaluator, alpha, beta float64) engine.Eval {
	t.Helper()
	got, err := e.At(context.Background(), alpha, beta)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestBatchesDoNotMatter evaluates the same images in batches of several
// sizes, padded and not. Only the order of summation differs.
func TestBatchesDoNotMatter(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state := tiny(t)
		images := noise(21)
		var first engine.Eval
		for _, size := range []int{21, 1, 7, 8, 64} {
			e, err := engine.NewEvaluator(b, net, images, size)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.SetCenter(theta, state); err != nil {
				t.Fatal(err)
			}
			got := at(t, e, 0, 0)
			e.Close()
			if first.Count == 0 {
				first = got
			}
			if got.Count != 21 || got.Score != first.Score || relative(got.Loss, first.Loss) > 1e-6 {
				t.Errorf("batches of %d: %+v, at once %+v", size, got, first)
			}
		}
	})
}

// TestImagesBeyondTheDevice evaluates loss and second derivatives over more
// images than stay on the device, and wants the same bits as with all there.
func TestImagesBeyondTheDevice(t *testing.T) {
	b := open(t, "xla")
	net, theta, state := tiny(t)
	images := noise(21)
	measure := func() (engine.Eval, []float64) {
		e, err := engine.NewEvaluator(b, net, images, 4)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if err := e.SetCenter(theta, state); err != nil {
			t.Fatal(err)
		}
		h, err := engine.NewHessian(e, engine.AllParams, "")
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		v := make([]float64, h.Dim())
		for i := range v {
			v[i] = math.Cos(float64(i))
		}
		if err := h.Product(context.Background(), v, v); err != nil {
			t.Fatal(err)
		}
		return at(t, e, 0, 0), v
	}
	loss, product := measure()
	engine.KeepOnDevice(t, 5*32*32*3)
	again, productAgain := measure()
	if loss != again || !slices.Equal(product, productAgain) {
		t.Errorf("with all images on the device %v, with some %v; products equal: %v", loss, again, slices.Equal(product, productAgain))
	}
}

// TestPointsOfThePlane checks that f(α, β) is the loss at θ + αδ + βη, and
// that evaluating a point twice gives the same bits.
func TestPointsOfThePlane(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state := tiny(t)
		delta, eta := make([]float32, len(theta)), make([]float32, len(theta))
		for i := range theta {
			delta[i], eta[i] = float32(math.Cos(float64(i))), float32(math.Cos(float64(3*i)))
		}
		e, err := engine.NewEvaluator(b, net, noise(16), 8)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		for _, c := range []struct {
			alpha, beta float64
			eta         []float32
		}{{0.5, -0.25, eta}, {0, 1, eta}, {-1, 0, eta}, {0.5, 0, nil}, {0, 0, nil}} {
			if err := errors.Join(e.SetCenter(theta, state), e.SetDirections(delta, c.eta)); err != nil {
				t.Fatal(err)
			}
			got := at(t, e, c.alpha, c.beta)
			if again := at(t, e, c.alpha, c.beta); again != got {
				t.Errorf("(%g, %g) evaluated twice: %v and %v", c.alpha, c.beta, got, again)
			}
			moved := make([]float32, len(theta))
			for i := range moved {
				moved[i] = theta[i] + float32(c.alpha)*delta[i] + float32(c.beta)*eta[i]
			}
			if err := e.SetCenter(moved, state); err != nil {
				t.Fatal(err)
			}
			// The coefficients are powers of two, so that both ways round alike but for fused multiply-adds.
			if want := at(t, e, 0, 0); relative(got.Loss, want.Loss) > 1e-5 {
				t.Errorf("f(%g, %g) = %v, the loss there is %v", c.alpha, c.beta, got, want)
			}
		}
	})
}

// TestExtremeParameters checks that overflow is a value and not an error, and
// that padding doesn't bring it in.
func TestExtremeParameters(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state := tiny(t)
		e, err := engine.NewEvaluator(b, net, noise(5), 8)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if err := e.SetCenter(theta, state); err != nil {
			t.Fatal(err)
		}
		delta := make([]float32, len(theta))
		for i := range delta {
			delta[i] = 1
		}
		if err := e.SetDirections(delta, nil); err != nil {
			t.Fatal(err)
		}
		if got := at(t, e, 1e38, 0); !math.IsNaN(got.Loss) && !math.IsInf(got.Loss, 0) {
			t.Errorf("the loss at parameters of 1e38 is %v", got)
		} else if !math.IsNaN(got.Score) {
			t.Errorf("the accuracy at parameters of 1e38 is %v, want NaN", got.Score)
		}
		if got := at(t, e, 1, 0); math.IsNaN(got.Loss) || math.IsInf(got.Loss, 0) || got.Count != 5 {
			t.Errorf("the loss at parameters of about 1 is %v", got)
		}
		state[len(state)-1] = -1 // a negative variance
		if err := e.SetCenter(theta, state); err != nil {
			t.Fatal(err)
		}
		if got := at(t, e, 0, 0); !math.IsNaN(got.Loss) || !math.IsNaN(got.Score) {
			t.Errorf("loss and accuracy with a negative running variance are %v and %v, want NaN", got.Loss, got.Score)
		}
	})
}

// TestMisuse checks that mistakes are errors that say what is wrong.
func TestMisuse(t *testing.T) {
	b := open(t, "go")
	net, theta, state := tiny(t)
	says := func(err error, word string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("the error is %v, want one that says %q", err, word)
		}
	}
	_, err := engine.NewEvaluator(b, net, noise(0), 8)
	says(err, "no images")
	_, err = engine.NewEvaluator(b, net, noise(3), 0)
	says(err, "batch size")
	bad := noise(3)
	bad.Classes[1] = 10
	_, err = engine.NewEvaluator(b, net, bad, 8)
	says(err, "label 10")
	_, err = engine.NewEvaluator(b, net, shared.Noise(problem.Problem{Shape: []int{8, 8, 1}, Type: problem.Uint8, Outputs: 10, Loss: problem.CrossEntropy}, 3), 8)
	says(err, "[8,8,1]")
	e, err := engine.NewEvaluator(b, net, noise(3), 8)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	_, err = e.At(context.Background(), 0, 0)
	says(err, "centre")
	says(e.SetCenter(theta[1:], state), "914")
	says(e.SetDirections(theta, state), "914")
	if err := e.SetCenter(theta, state); err != nil {
		t.Fatal(err)
	}
	_, err = e.At(context.Background(), 1, 0)
	says(err, "direction")
	if err := e.SetDirections(theta, nil); err != nil {
		t.Fatal(err)
	}
	_, err = e.At(context.Background(), 0, 1)
	says(err, "direction")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.At(cancelled, 0, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context the error is %v", err)
	}
}

// TestSeveralAtOnce uses one backend from several goroutines, each with its own evaluator.
func TestSeveralAtOnce(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state := tiny(t)
		results := make([]engine.Eval, 4)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				e, err := engine.NewEvaluator(b, net, noise(20), 8)
				if err != nil {
					t.Error(err)
					return
				}
				defer e.Close()
				if err := errors.Join(e.SetCenter(theta, state), e.SetDirections(theta, nil)); err != nil {
					t.Error(err)
					return
				}
				for range 3 {
					results[i], err = e.At(context.Background(), 0.5, 0)
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for _, r := range results {
			if r != results[0] {
				t.Errorf("results differ: %+v", results)
			}
		}
	})
}

// TestMemoryIsFreed checks that nothing stays on the device after Close, by the
// backend's own count and by the process's memory: forty evaluators of 25 MB
// each would leave a gigabyte.
func TestMemoryIsFreed(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state := tiny(t)
		images := noise(8192)
		cycle := func() {
			e, err := engine.NewEvaluator(b, net, images, 8192)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(e.SetCenter(theta, state), e.SetDirections(theta, theta), e.SetDirections(theta, nil)); err != nil {
				t.Fatal(err)
			}
			if buffers, bytes := b.InUse(); buffers == 0 || bytes < 8192*3072 {
				t.Fatalf("%d buffers of %d bytes are counted", buffers, bytes)
			}
			e.Close()
			e.Close() // closing twice does no harm
			if buffers, bytes := b.InUse(); buffers != 0 || bytes != 0 {
				t.Fatalf("%d buffers of %d bytes are left", buffers, bytes)
			}
		}
		for range 5 {
			cycle()
		}
		before := resident(t)
		for range 40 {
			cycle()
		}
		if grown := resident(t) - before; grown > 300<<20 {
			t.Errorf("the process grew by %d MB", grown>>20)
		}
	})
}

// resident is the process's resident memory in bytes, without garbage.
func resident(t *testing.T) int {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("this system doesn't tell the process's memory: ", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestAccuracyNeedsFiniteLogits scales the weights up until the logits of black images overflow and
// those of others don't: the accuracy over all of them is missing, in batches of any size. That over the
// others is a number, though the rows of padding, black as well, overflow.
func TestAccuracyNeedsFiniteLogits(t *testing.T) {
	const scale = 6.3e7
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state := tiny(t)
		images := noise(21)
		clear(images.Slice(10, 12).Examples)
		accuracy := func(images data.Split, size int) float64 {
			e, err := engine.NewEvaluator(b, net, images, size)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			if err := errors.Join(e.SetCenter(theta, state), e.SetDirections(theta, nil)); err != nil {
				t.Fatal(err)
			}
			return at(t, e, scale, 0).Score
		}
		if got := accuracy(images.Slice(10, 11), 1); !math.IsNaN(got) {
			t.Errorf("the accuracy over a black image is %v, want NaN", got)
		}
		for _, size := range []int{1, 7, 8, 64} {
			if got := accuracy(images, size); !math.IsNaN(got) {
				t.Errorf("batches of %d: the accuracy is %v, want NaN", size, got)
			}
			if got := accuracy(images.Slice(12, 21), size); math.IsNaN(got) {
				t.Errorf("batches of %d: the accuracy over images with finite logits is NaN", size)
			}
		}
	})
}

// TestCorrectOfLogits gives the cross-entropy rows of logits. The loss of the last one is finite, its logits are not.
func TestCorrectOfLogits(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		logits := []float32{3, 1, 2, 1, 3, 2, nan, nan, nan, 1, nan, 0, inf, 0, 0, 3e38, -3e38, 0, 2, 1, -inf}
		rows := len(logits) / 3
		program, err := b.Compile("correct", []shapes.Shape{engine.Float32(rows, 3), shapes.Make(dtypes.Int32, rows)}, func(in []*graph.Node) []*graph.Node {
			_, correct := problem.Problem{Loss: problem.CrossEntropy}.LossAndScore(in[0], in[1])
			return []*graph.Node{correct}
		})
		if err != nil {
			t.Fatal(err)
		}
		x, err := engine.Upload(b, logits, rows, 3)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Free()
		labels, err := engine.Upload(b, make([]int32, rows), rows)
		if err != nil {
			t.Fatal(err)
		}
		defer labels.Free()
		out, err := program.Run(x, labels)
		if err != nil {
			t.Fatal(err)
		}
		defer out[0].Free()
		got := make([]float32, rows)
		if err := engine.Download(out[0], got); err != nil {
			t.Fatal(err)
		}
		if want := []float32{1, 0, nan, nan, nan, 1, nan}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("correct is %v, want %v", got, want)
		}
	})
}

// TestSampled compares standard errors with those that follow from evaluations of single images: of a mean, of the score, and of the
// difference to the center, also where labels are weighted and ignored.
func TestSampled(t *testing.T) {
	weighted := shared.Problem
	weighted.ClassWeights, weighted.Ignore = []float64{1, 2, 0.5, 1, 1, 3, 1, 1, 0.25, 1}, new(int32)
	*weighted.Ignore = 4
	for name, p := range map[string]problem.Problem{"plain": shared.Problem, "weighted": weighted} {
		eachBackend(t, func(t *testing.T, b *engine.Backend) {
			images := shared.Noise(p, 21)
			net, err := nets.New("tiny", shared.TinyA(), p)
			if err != nil {
				t.Fatal(err)
			}
			theta, state := net.Init(1)
			delta := make([]float32, len(theta))
			for i := range delta {
				delta[i] = float32(math.Sin(float64(i))) / 4
			}
			prepared := func(s data.Split, size int) *engine.Evaluator {
				e, err := engine.NewEvaluator(b, net, s, size)
				if err == nil {
					err = errors.Join(e.SetCenter(theta, state), e.SetDirections(delta, nil))
				}
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(e.Close)
				return e
			}
			e := prepared(images, 8)
			var weight, places float64
			var w, loss, score, center []float64
			for i := range images.Len() {
				one := images.Slice(i, i+1)
				totals := one.Totals()
				weight, places, w = weight+totals.Weight, places+totals.Places, append(w, totals.Weight)
				if totals.Places == 0 { // ignored: the mean over no labels is NaN
					loss, score, center = append(loss, 0), append(score, 0), append(center, 0)
					continue
				}
				single := prepared(one, 1)
				v := at(t, single, 0.7, 0)
				loss, score, center = append(loss, v.Loss), append(score, v.Score), append(center, at(t, single, 0, 0).Loss)
			}
			v, got, err := e.Sampled(t.Context(), 0.7, 0)
			if err != nil || v != at(t, e, 0.7, 0) {
				t.Fatalf("%s: %v, %+v and %+v", name, err, v, at(t, e, 0.7, 0))
			}
			c := at(t, e, 0, 0).Loss
			var l, s, r float64
			for i := range w {
				n := float64(len(w))
				l += n / (n - 1) * math.Pow(w[i]*(loss[i]-v.Loss)/weight, 2)
				r += n / (n - 1) * math.Pow(w[i]*(loss[i]-v.Loss-center[i]+c)/weight, 2)
				if w[i] > 0 {
					s += n / (n - 1) * math.Pow((score[i]-v.Score)/places, 2)
				}
			}
			for what, pair := range map[string][2]float64{"loss": {got.Loss, math.Sqrt(l)}, "score": {got.Score, math.Sqrt(s)}, "rise": {got.Rise, math.Sqrt(r)}} {
				if !(relative(pair[0], pair[1]) < 1e-4) {
					t.Errorf("%s: the standard error of the %s is %v, want %v", name, what, pair[0], pair[1])
				}
			}
			if _, here, err := e.Sampled(t.Context(), 0, 0); err != nil || here.Rise != 0 || !(here.Loss > 0) {
				t.Errorf("%s: at the center %+v, %v", name, here, err)
			}
			byBatch, err := engine.NewNormEvaluator(b, net, images, 7, engine.Norm{ByBatch: true})
			if err != nil || byBatch.IsSampled() {
				t.Errorf("%s: a batch's own statistics: %v", name, err)
			}
			byBatch.Close()
		})
	}
}
