package optim

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lossatlas/activities/data"
	"lossatlas/activities/internal/shared"
)

func TestImpossibleRecipes(t *testing.T) {
	good := Config{LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, BatchSize: 128, BNGroup: 64, Schedule: []Drop{{150, 0.1}}}
	if err := good.check(1); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		says   string
		change func(*Config)
	}{
		{"learning rate is 0", func(c *Config) { c.LR = 0 }},
		{"learning rate is NaN", func(c *Config) { c.LR = math.NaN() }},
		{"learning rate is +Inf", func(c *Config) { c.LR = math.Inf(1) }},
		{"momentum is 1", func(c *Config) { c.Momentum = 1 }},
		{"momentum above 0", func(c *Config) { c.Momentum = 0 }},
		{"weight decay is -1", func(c *Config) { c.WeightDecay = -1 }},
		{"leave them out with Adam", func(c *Config) { c.Adam = &Adam{0.9, 0.999, 1e-8, false} }},
		{"of Adam are 1 and 0.9", func(c *Config) { c.Momentum, c.Nesterov, c.Adam = 0, false, &Adam{1, 0.9, 1e-8, false} }},
		{"of Adam is 0", func(c *Config) { c.Momentum, c.Nesterov, c.Adam = 0, false, &Adam{0.9, 0.999, 0, false} }},
		{"of RMSprop is 1", func(c *Config) { c.Nesterov, c.RMSprop = false, &RMSprop{1, 1e-8, false} }},
		{"leave it out with RMSprop", func(c *Config) { c.RMSprop = &RMSprop{0.9, 1e-8, false} }},
		{"choose one", func(c *Config) { c.Nesterov, c.RMSprop, c.SAM = false, &RMSprop{0.9, 1e-8, false}, &SAM{Rho: 0.05} }},
		{"the ρ of SAM is 0", func(c *Config) { c.SAM = &SAM{} }},
		{"the η of ASAM is NaN", func(c *Config) { c.SAM = &SAM{1, true, math.NaN()} }},
		{"to the norm 1 and the value 2", func(c *Config) { c.ClipNorm, c.ClipValue = 1, 2 }},
		{"to the norm NaN", func(c *Config) { c.ClipNorm = math.NaN() }},
		{"with a decay of 1", func(c *Config) { c.Average = &Average{Decay: 1} }},
		{"with the power 0", func(c *Config) { c.Polynomial = 10 }},
		{"by the factor -1", func(c *Config) { c.Gamma = -1 }},
		{"start must lie in", func(c *Config) { c.OneCycle = &OneCycle{Epochs: 3, Start: 1, Div: 25, FinalDiv: 1e4} }},
		{"warm-up of -1", func(c *Config) { c.Warmup = -1 }},
		{"leave epochs", func(c *Config) { c.Warmup, c.Cosine = 10, 10 }},
		{"batch size is 0", func(c *Config) { c.BatchSize = 0 }},
		{"group is -1", func(c *Config) { c.BNGroup = -1 }},
		{"by 0 at epoch 3", func(c *Config) { c.Schedule = []Drop{{3, 0}} }},
		{"at epoch -1", func(c *Config) { c.Schedule = []Drop{{-1, 0.1}} }},
	} {
		bad := good
		c.change(&bad)
		if err := bad.check(1); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("the error is %v, want one that says %q", err, c.says)
		}
	}
	if err := good.check(0); err == nil {
		t.Error("no images were accepted")
	}
}

// TestGroupsCoverTheBatch checks that groups add up, and that none but the last is incomplete.
func TestGroupsCoverTheBatch(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := Config{BatchSize: rapid.IntRange(1, 300).Draw(rt, "batch"), BNGroup: rapid.IntRange(0, 300).Draw(rt, "group")}
		n := rapid.IntRange(0, c.BatchSize).Draw(rt, "n")
		size := c.BatchSize
		if c.BNGroup > 0 {
			size = min(size, c.BNGroup)
		}
		total := 0
		groups := c.groups(n)
		for i, g := range groups {
			total += g
			if g > size || g < 1 || g < size && i != len(groups)-1 {
				rt.Errorf("groups %v of at most %d", groups, size)
			}
		}
		if total != n {
			rt.Errorf("groups %v of a batch of %d", groups, n)
		}
	})
}

// TestStreamIsAPermutation checks that an epoch has every image once, in an
// order that changes with the epoch, and however it is cut.
func TestStreamIsAPermutation(t *testing.T) {
	images := data.Split{Problem: shared.Problem, Examples: make([]byte, 50*shared.Problem.Bytes()), Classes: make([]int32, 50)}
	for i := range images.Classes {
		images.Classes[i] = int32(i)
		images.Example(i)[0] = uint8(i)
	}
	read := func(c Config, epoch int, cuts ...int) (labels []int32, pixels []uint8) {
		s := newStream(c, epoch, images)
		for _, n := range cuts {
			group, err := s.next(n)
			if err != nil {
				t.Fatal(err)
			}
			labels, pixels = append(labels, group.Classes...), append(pixels, group.Examples...)
		}
		return labels, pixels
	}
	for _, augment := range []bool{false, true} {
		c := Config{Seed: 3, Augment: augment}
		labels, pixels := read(c, 4, 50)
		seen := map[int32]bool{}
		for i, l := range labels {
			seen[l] = true
			if !augment && pixels[i*shared.Problem.Bytes()] != uint8(l) {
				t.Fatalf("image %d has the label of another", i)
			}
		}
		if len(seen) != 50 {
			t.Errorf("%d of 50 images come", len(seen))
		}
		cutLabels, cutPixels := read(c, 4, 20, 1, 29)
		if !cmp.Equal(labels, cutLabels) || !cmp.Equal(pixels, cutPixels) {
			t.Error("images depend on how they are cut into batches")
		}
		if other, _ := read(c, 5, 50); cmp.Equal(labels, other) {
			t.Error("two epochs have one order")
		}
	}
}

func TestCheckpointRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		vector := rapid.SliceOfN(rapid.Float32(), 0, 20)
		c := Checkpoint{Epoch: rapid.IntRange(0, 1000).Draw(rt, "epoch"), Theta: vector.Draw(rt, "theta"), State: vector.Draw(rt, "state"), Momentum: vector.Draw(rt, "momentum"), Second: vector.Draw(rt, "second"),
			Third: vector.Draw(rt, "third"), Average: vector.Draw(rt, "average")}
		b := c.Encode()
		got, err := DecodeCheckpoint(b)
		if err != nil {
			rt.Fatal(err)
		}
		if string(got.Encode()) != string(b) {
			rt.Errorf("%v became %v", c, got)
		}
		at := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
		b[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		if _, err := DecodeCheckpoint(b); err == nil {
			rt.Errorf("a checkpoint with byte %d changed was read", at)
		}
		b[at] = 0
		if _, err := DecodeCheckpoint(b[:at]); err == nil {
			rt.Errorf("%d of %d bytes were read", at, len(b))
		}
	})
}

// FuzzDecodeCheckpoint checks that no input makes DecodeCheckpoint panic.
func FuzzDecodeCheckpoint(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte(checkpointMagic))
	f.Add(Checkpoint{Epoch: 1, Theta: []float32{1, 2}, State: []float32{3}, Momentum: []float32{4, 5}}.Encode())
	f.Add(Checkpoint{Epoch: 1, Theta: []float32{1}, State: []float32{3}, Momentum: []float32{4}, Second: []float32{5}}.Encode())
	f.Add(Checkpoint{Epoch: 1, Theta: []float32{1}, Momentum: []float32{4}, Average: []float32{5}}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeCheckpoint(b)
		if err == nil && string(c.Encode()) != string(b) {
			t.Errorf("%q is read as %v", b, c)
		}
	})
}
