package optim

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/floats"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// transformerBlock is two residual halves behind a layer normalization each, with dropout.
const transformerBlock = `{"kind":"residual","body":[{"kind":"layernorm","name":"ln1","affine":true,"epsilon":1e-5},
		{"kind":"attention","name":"attn","heads":2,"bias":true,"causal":true},{"kind":"dropout","rate":0.2}]},
	{"kind":"residual","body":[{"kind":"layernorm","name":"ln2","affine":true,"epsilon":1e-5},{"kind":"linear","name":"fc1","out":32},{"kind":"gelu"},
		{"kind":"linear","name":"fc2","out":16},{"kind":"dropout","rate":0.2}]},`

// writtenOther is a problem with a network that is written out.
func writtenOther(t *testing.T, layers string, s data.Split) other {
	t.Helper()
	net, err := nets.Of(layers, "written", s.Problem)
	if err != nil {
		t.Fatal(err)
	}
	return other{net, s}
}

// words are sequences of six tokens that rise by one or two, modulo 5; the label of a token is the next one.
func words(t *testing.T) other {
	s := data.Split{Name: "train", Problem: problem.Problem{Shape: []int{6}, Type: problem.Int32, Labels: []int{6}, Outputs: 5, Loss: problem.CrossEntropy}}
	for i := range 30 {
		for place := range 6 {
			at := func(place int) int { return (i + place*(1+i/5%2)) % 5 }
			s.Examples = binary.LittleEndian.AppendUint32(s.Examples, uint32(at(place)))
			s.Classes = append(s.Classes, int32(at(place+1)))
		}
	}
	return writtenOther(t, `[{"kind":"embedding","name":"wte","out":16,"entries":5},{"kind":"positional","name":"wpe"},{"kind":"dropout","rate":0.1},`+
		transformerBlock+`{"kind":"layernorm","name":"ln","affine":true,"epsilon":1e-5},{"kind":"linear","name":"head","out":5}]`, s)
}

// patches are images of 8×8×3 in two classes, of which one has bright upper halves.
func patches(t *testing.T) other {
	s := data.Split{Name: "train", Problem: problem.Problem{Shape: []int{8, 8, 3}, Type: problem.Uint8, Mean: []float64{128}, Deviation: []float64{64}, Outputs: 2, Loss: problem.CrossEntropy}}
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 30 {
		for at := range 8 * 8 * 3 {
			s.Examples = append(s.Examples, byte(64+rng.IntN(64)+64*(i%2)*(1-at/96)))
		}
		s.Classes = append(s.Classes, int32(i%2))
	}
	return writtenOther(t, `[{"kind":"conv","name":"patch","out":16,"kernel":4,"stride":4},{"kind":"tokens"},{"kind":"classtoken","name":"cls"},{"kind":"positional","name":"pos"},`+
		transformerBlock+`{"kind":"pick","index":-1},{"kind":"linear","name":"head","out":2,"init":0.1}]`, s)
}

var transformers = map[string]func(*testing.T) other{"GPT": words, "ViT": patches}

// transformerRecipe makes batches of 12, 12 and 6, which groups of 6 divide.
var transformerRecipe = Config{LR: 0.01, Adam: &Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, BatchSize: 12, Seed: 3}

// TestTransformersTrain trains a small GPT and a small ViT with dropout on both backends. Losses fall, a training that was
// interrupted ends with the same bits, and masks depend neither on the backend nor on how a batch is cut into groups.
func TestTransformersTrain(t *testing.T) {
	for name, of := range transformers {
		t.Run(name, func(t *testing.T) {
			var losses []float64 // of the first epoch
			eachBackend(t, func(t *testing.T, b *engine.Backend) {
				o := of(t)
				begin := func(c Config) *Trainer {
					trainer, err := New(b, o.net, o.data, c)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(trainer.Close)
					return trainer
				}
				whole := begin(transformerRecipe)
				stats := epochs(t, whole, 20)
				if first, last := stats[0].Loss, stats[19].Loss; !(last < first/2) {
					t.Errorf("the loss went from %g to %g", first, last)
				}
				interrupted := begin(transformerRecipe)
				epochs(t, interrupted, 7)
				stored, err := DecodeCheckpoint(checkpoint(t, interrupted).Encode())
				if err != nil {
					t.Fatal(err)
				}
				resumed := begin(transformerRecipe)
				if err := resumed.Restore(stored); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(stats[7:], epochs(t, resumed, 13)); d != "" || !cmp.Equal(checkpoint(t, whole), checkpoint(t, resumed)) {
					t.Errorf("the resumed training differs from the undisturbed one:\n%s", d)
				}
				grouped := transformerRecipe
				grouped.BNGroup = 6
				losses = append(losses, stats[0].Loss, epochs(t, begin(grouped), 1)[0].Loss)
				other := transformerRecipe
				other.Seed++
				trainer := begin(other)
				theta, state := o.net.Init(transformerRecipe.Seed)
				if err := trainer.Restore(Checkpoint{Theta: theta, State: state, Momentum: make([]float32, len(theta)), Second: make([]float32, len(theta))}); err != nil {
					t.Fatal(err)
				}
				if l := epochs(t, trainer, 1)[0].Loss; math.Abs(l-losses[0]) < 1e-4 {
					t.Error("another seed makes the same masks")
				}
			})
			for _, l := range losses {
				if math.Abs(l-losses[0]) > 1e-5*losses[0] {
					t.Errorf("the losses of the first epoch on both backends, each whole and in groups, are %.9g", losses)
					break
				}
			}
		})
	}
}

// TestTransformersDerivatives compares a Hessian-vector product in evaluation mode with central differences of gradients,
// and gradients with those of losses.
func TestTransformersDerivatives(t *testing.T) {
	for name, of := range transformers {
		t.Run(name, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b *engine.Backend) {
				o := of(t)
				if name == "ViT" && b.Name() == "xla" {
					t.Skip("compiling takes XLA half a minute, and its operations are those of the GPT and of networks from files")
				}
				theta, state := o.point()
				e := evaluator(t, b, o, theta, state)
				h, err := engine.NewHessian(e, engine.AllParams, "")
				if err != nil {
					t.Fatal(err)
				}
				defer h.Close()
				v := make([]float64, h.Dim())
				for i := range v {
					v[i] = math.Cos(float64(i)) / math.Sqrt(float64(len(v))/2)
				}
				if err := e.SetDirections(h.Scatter(v), nil); err != nil {
					t.Fatal(err)
				}
				gradientAt := func(alpha float64) []float64 {
					if err := h.MoveTo(alpha, 0); err != nil {
						t.Fatal(err)
					}
					g := make([]float64, h.Dim())
					if _, err := h.Gradient(context.Background(), g); err != nil {
						t.Fatal(err)
					}
					return g
				}
				const step = 1e-2
				gradient, above, below := gradientAt(0), gradientAt(step), gradientAt(-step)
				slope := (lossAt(t, e, step).Loss - lossAt(t, e, -step).Loss) / (2 * step)
				if want := floats.Dot(gradient, v); math.Abs(slope-want) > 1e-3*floats.Norm(gradient, 2) {
					t.Errorf("the slope of the loss is %g, the gradient says %g", slope, want)
				}
				product := make([]float64, h.Dim())
				if err := h.MoveTo(0, 0); err != nil {
					t.Fatal(err)
				}
				if err := h.Product(context.Background(), product, v); err != nil {
					t.Fatal(err)
				}
				floats.Sub(above, below)
				floats.Scale(1/(2*step), above)
				if d := floats.Distance(above, product, 2) / floats.Norm(product, 2); d > 5e-3 {
					t.Errorf("the Hessian-vector product is %.1e of its length off", d)
				}
			})
		})
	}
}

// TestUnknownIndices: an index for which the embedding has no vector is named before anything is computed.
func TestUnknownIndices(t *testing.T) {
	o := words(t)
	binary.LittleEndian.PutUint32(o.data.Examples[4*(6*17+2):], 5)
	if _, err := New(open(t, "go"), o.net, o.data, transformerRecipe); err == nil || !strings.Contains(err.Error(), `example 17 of "train" has the index 5, and the network's embedding has 5 entries: indices are from 0 to 4`) {
		t.Errorf("the error is %v", err)
	}
}
