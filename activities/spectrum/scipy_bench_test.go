package spectrum_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/spectrum"
)

// eigsh asks for the two ends of a matrix whose products it gets from this
// process: it writes a vector and reads the product. Zeros in place of a
// vector end the conversation, then come the two eigenvalues.
const eigsh = `
import sys, numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh
n, seed = int(sys.argv[1]), int(sys.argv[2])
def product(v):
    sys.stdout.buffer.write(np.ascontiguousarray(v, dtype="<f8").tobytes()); sys.stdout.buffer.flush()
    return np.frombuffer(sys.stdin.buffer.read(8 * n), dtype="<f8")
v0 = np.random.default_rng(seed).standard_normal(n)
values = eigsh(LinearOperator((n, n), matvec=product, dtype="f8"), k=2, which="BE", tol=1e-3, v0=v0, return_eigenvectors=False)
sys.stdout.buffer.write(np.zeros(n).tobytes() + np.sort(values).astype("<f8").tobytes()); sys.stdout.buffer.flush()
`

// BenchmarkProductsBesideSciPy finds λmin and λmax of the Hessians of the
// reference networks at the tolerance 1e-3, by this program and by SciPy with
// the same products, and reports how many of them each takes. PYTHON names an
// interpreter that has SciPy. Each iteration is a pair with a start of its own.
func BenchmarkProductsBesideSciPy(b *testing.B) {
	python := cmp.Or(os.Getenv("PYTHON"), "python3")
	if err := exec.Command(python, "-c", "import scipy").Run(); err != nil {
		b.Skipf("%s cannot import scipy (set PYTHON to one that can): %v", python, err)
	}
	backend := openXLA(b)
	for _, name := range []string{"resnet20", "vgg9_w16"} {
		for _, subset := range []engine.Subset{engine.WeightsOnly, engine.AllParams} {
			b.Run(name+"/"+string(subset), func(b *testing.B) {
				ref := shared.Open(b, name)
				e, err := engine.NewEvaluator(backend, ref.Net, shared.Images(b, "data_batch_1.bin", 0, 256), 128)
				if err != nil {
					b.Fatal(err)
				}
				defer e.Close()
				if err := e.SetCenter(ref.Weights(b, "weights_a.npz")); err != nil {
					b.Fatal(err)
				}
				h, err := engine.NewHessian(e, subset, "")
				if err != nil {
					b.Fatal(err)
				}
				defer h.Close()
				own, theirs, seed := 0, 0, uint64(0)
				for b.Loop() {
					got, err := spectrum.Extremes(context.Background(), h, spectrum.Options{Seed: seed})
					if err != nil {
						b.Fatal(err)
					}
					low, high, products, err := scipyEnds(python, h, seed)
					if err != nil {
						b.Fatal(err)
					}
					b.Logf("%d products: %.6g to %.6g; SciPy %d: %.6g to %.6g", got.Products, got.Min.Value, got.Max.Value, products, low, high)
					own, theirs, seed = own+got.Products, theirs+products, seed+1
				}
				b.ReportMetric(float64(own)/float64(b.N), "products")
				b.ReportMetric(float64(theirs)/float64(b.N), "SciPy-products")
			})
		}
	}
}

// scipyEnds runs eigsh on a matrix and counts the products.
func scipyEnds(python string, op spectrum.Operator, seed uint64) (low, high float64, products int, err error) {
	cmd := exec.Command(python, "-c", eigsh, fmt.Sprint(op.Dim()), fmt.Sprint(seed))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, 0, 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, 0, 0, err
	}
	low, high, products, err = converse(op, in, out)
	return low, high, products, errors.Join(err, in.Close(), cmd.Wait())
}

// converse answers vectors with products until the end, and reads the two eigenvalues.
func converse(op spectrum.Operator, in io.Writer, out io.Reader) (low, high float64, products int, err error) {
	v, hv := make([]float64, op.Dim()), make([]float64, op.Dim())
	for {
		if err := binary.Read(out, binary.LittleEndian, v); err != nil {
			return 0, 0, 0, err
		}
		zero := true
		for _, x := range v {
			zero = zero && x == 0
		}
		if zero {
			var ends [2]float64
			err := binary.Read(out, binary.LittleEndian, &ends)
			return ends[0], ends[1], products, err
		}
		if err := op.Product(context.Background(), hv, v); err != nil {
			return 0, 0, 0, err
		}
		if err := binary.Write(in, binary.LittleEndian, hv); err != nil {
			return 0, 0, 0, err
		}
		products++
	}
}
