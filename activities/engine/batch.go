package engine

import (
	"encoding/binary"
	"fmt"

	"github.com/gomlx/compute/dtypes"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
)

// Batch is examples and their labels on the device, in the shapes of Problem.Inputs.
type Batch struct {
	Examples, Labels *Buffer
}

// Free releases both.
func (b Batch) Free() {
	b.Examples.Free()
	b.Labels.Free()
}

// CheckExamples returns an error unless the examples fit the network's problem and their labels and indices are in range.
func CheckExamples(net *nets.Net, s data.Split) error {
	if !net.Problem.Equal(s.Problem) {
		return fmt.Errorf("network %s was built for the problem %v, but the examples of %q are of the problem %v: build it for theirs", net.Name, net.Problem, s.Name, s.Problem)
	}
	if err := checkIndices(net.Entries(), s); err != nil {
		return err
	}
	return s.Check()
}

// checkIndices returns an error unless the examples are indices below n, the number of vectors of the network's embedding; 0
// stands for a network without.
func checkIndices(n int, s data.Split) error {
	if n == 0 {
		return nil
	}
	raw := make([]byte, s.Problem.Bytes())
	for i := range s.Len() {
		if err := s.Read(raw, i); err != nil {
			return err
		}
		for at := 0; at < len(raw); at += 4 {
			if index := int32(binary.LittleEndian.Uint32(raw[at:])); index < 0 || int(index) >= n {
				return fmt.Errorf("example %d of %q has the index %d, and the network's embedding has %d entries: indices are from 0 to %d", i, s.Name, index, n, n-1)
			}
		}
	}
	return nil
}

// UploadBatch copies all examples of a split to the device, with zeros behind them up to the given number.
func UploadBatch(b *Backend, s data.Split, size int) (batch Batch, err error) {
	examples, labels := s.Problem.Inputs(size)
	raw := make([]byte, size*s.Problem.Bytes())
	if err := s.Read(raw[:s.Len()*s.Problem.Bytes()], 0); err != nil {
		return Batch{}, err
	}
	switch examples.DType {
	case dtypes.Uint8:
		batch.Examples, err = Upload(b, raw, examples.Dimensions...)
	case dtypes.Int32:
		batch.Examples, err = uploadRaw[int32](b, raw, examples.Dimensions)
	default:
		batch.Examples, err = uploadRaw[float32](b, raw, examples.Dimensions)
	}
	if err != nil {
		return Batch{}, err
	}
	if s.Problem.HasTargets() {
		batch.Labels, err = Upload(b, padded(s.Targets, labels.Size()), labels.Dimensions...)
	} else {
		batch.Labels, err = Upload(b, padded(s.Classes, labels.Size()), labels.Dimensions...)
	}
	if err != nil {
		batch.Free()
	}
	return batch, err
}

// uploadRaw copies numbers in little-endian bytes to the device.
func uploadRaw[E int32 | float32](b *Backend, raw []byte, dims []int) (*Buffer, error) {
	numbers := make([]E, len(raw)/4)
	if _, err := binary.Decode(raw, binary.LittleEndian, numbers); err != nil {
		return nil, err
	}
	return Upload(b, numbers, dims...)
}

// padded is v with zeros behind it up to length n.
func padded[E any](v []E, n int) []E { return append(make([]E, 0, n), v...)[:n] }

// batch is a batch of examples on the device, followed by padding.
type batch struct {
	Batch
	count    *Buffer // int32 scalar: how many rows are examples
	examples int
}

// upload puts the batch that begins with an example onto the device.
func (e *Evaluator) upload(from int) (next batch, err error) {
	examples := e.examples.Slice(from, min(from+e.size, e.examples.Len()))
	next.examples = examples.Len()
	if next.Batch, err = UploadBatch(e.backend, examples, e.size); err != nil {
		return next, err
	}
	if next.count, err = Upload(e.backend, []int32{int32(next.examples)}); err != nil {
		next.free()
	}
	return next, err
}

func (b batch) free() {
	b.Free()
	b.count.Free()
}
