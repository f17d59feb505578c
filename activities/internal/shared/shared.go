// Package shared finds the folder of reference cases that numeric tests
// compare with, and reads them. The folder lies next to the repository and
// isn't part of it.
package shared

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// Dir is the shared folder: $LOSSATLAS_SHARED, else a folder called "shared"
// next to the repository. Without one the test is skipped, but fails under
// continuous integration (CI=true), where it must run.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := find()
	switch {
	case err == nil:
		return dir
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return ""
}

// start is the working directory in which the test began: an S3 server in the
// same process changes it.
var start, startErr = os.Getwd()

func find() (string, error) {
	if dir := os.Getenv("LOSSATLAS_SHARED"); dir != "" {
		if _, err := os.Stat(dir); err != nil {
			return "", fmt.Errorf("LOSSATLAS_SHARED doesn't name a folder: %w", err)
		}
		return dir, nil
	}
	if startErr != nil {
		return "", startErr
	}
	for at := start; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err != nil {
			continue
		}
		dir := filepath.Join(filepath.Dir(at), "shared")
		if _, err := os.Stat(dir); err != nil {
			return "", fmt.Errorf("no reference cases: there is no folder called shared next to %s, and LOSSATLAS_SHARED is not set", at)
		}
		return dir, nil
	}
	return "", fmt.Errorf("no reference cases: the test doesn't run inside the repository")
}

// Case is one of the reference cases, named like its folder.
type Case struct {
	Name string
	Net  *nets.Net
	dir  string
	root string
}

// Open returns a reference case: "tiny_a", "resnet20" or "vgg9_w16".
func Open(t testing.TB, name string) Case {
	t.Helper()
	root := Dir(t)
	c := Case{Name: name, root: root, dir: filepath.Join(root, "reference", name)}
	var err error
	switch name {
	case "tiny_a":
		c.Net, err = nets.New(name, TinyA(), Problem)
	case "vgg9_w16":
		c.Net, err = nets.New(name, nets.VGG9(10, 16, 32, 64, 64), Problem)
	default:
		c.Net, err = nets.ByName(name, Problem)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Problem is that of the reference cases, CIFAR-10.
var Problem = data.Sets()[0].Problem

// TinyA is the smallest reference network, with 914 parameters.
func TinyA() []nets.Layer {
	return []nets.Layer{
		nets.Convolution{Name: "conv1", Out: 8, Kernel: 3, Stride: 1, Padding: 1}, nets.BatchNorm{Name: "bn1"}, nets.ReLU{},
		nets.Convolution{Name: "conv2", Out: 8, Kernel: 3, Stride: 2, Padding: 1}, nets.BatchNorm{Name: "bn2"}, nets.ReLU{},
		nets.AvgPool{Kernel: 16, Stride: 16}, nets.Flatten{}, nets.FullyConnected{Name: "linear", Out: 10},
	}
}

// JSON reads a file of the case into to.
func (c Case) JSON(t testing.TB, file string, to any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatalf("%s/%s: %v", c.Name, file, err)
	}
}

// Array reads an array of an npz file of the case into to, a pointer to a slice.
func (c Case) Array(t testing.TB, file, key string, to any) {
	t.Helper()
	f, err := npz.Open(filepath.Join(c.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Read(key+".npy", to); err != nil {
		t.Fatalf("%s/%s: %s: %v", c.Name, file, key, err)
	}
}

// Vector reads the tensors prefix+name of an npz file, for all names of a
// parameter table, into one flat vector. absent says what to do about a tensor
// that isn't there: nil is fatal, otherwise it fills the values in.
func (c Case) Vector(t testing.TB, file, prefix string, table []nets.Param, absent func(nets.Param, []float32)) []float32 {
	t.Helper()
	f, err := npz.Open(filepath.Join(c.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	there := map[string]bool{}
	for _, k := range f.Keys() {
		there[k] = true
	}
	var flat []float32
	for _, p := range table {
		key := prefix + p.Name + ".npy"
		v := make([]float32, p.Size)
		if !there[key] && absent != nil {
			absent(p, v)
		} else if err := f.Read(key, &v); err != nil {
			t.Fatalf("%s/%s: %s: %v", c.Name, file, key, err)
		}
		if len(v) != p.Size {
			t.Fatalf("%s/%s: %s has %d elements, the network's table says %d", c.Name, file, key, len(v), p.Size)
		}
		flat = append(flat, v...)
	}
	return flat
}

// Weights reads θ and the running statistics of a weights file.
func (c Case) Weights(t testing.TB, file string) (theta, state []float32) {
	t.Helper()
	return c.Vector(t, file, "", c.Net.Params(), nil), c.Vector(t, file, "", c.Net.State(), nil)
}

// Images reads the records [from, to) of a CIFAR-10 file, "data_batch_1.bin" or "test_batch.bin".
func Images(t testing.TB, file string, from, to int) data.Split {
	t.Helper()
	src, err := data.Open(data.CIFAR10, data.Options{Dir: filepath.Join(Dir(t), "data")})
	if err != nil {
		t.Fatal(err)
	}
	split := map[string]string{"data_batch_1.bin": data.Train, "test_batch.bin": data.Test}[file]
	s, err := src.Load(split, from, to)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Noise is n images of random pixels of a problem of bytes, with random classes.
func Noise(p problem.Problem, n int) data.Split {
	rng := rand.New(rand.NewPCG(1, 2))
	s := data.Split{Name: "noise", Problem: p, Examples: make([]byte, n*p.Bytes()), Classes: make([]int32, n)}
	for i := range s.Examples {
		s.Examples[i] = uint8(rng.Uint32())
	}
	for i := range s.Classes {
		s.Classes[i] = int32(rng.IntN(p.Outputs))
	}
	return s
}

// Allocated is the number of bytes that a call allocates in all.
func Allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
