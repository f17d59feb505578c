package engine

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/pjrt"
)

// client is a PJRT client of its own for StableHLO programs, since GoMLX compiles its own graphs only. Of a
// compute.Backend it has what buffers need.
type client struct {
	compute.Backend
	pjrt *pjrt.Client
}

// BufferFromFlatData copies numbers to the device.
func (c client) BufferFromFlatData(_ compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	b, err := c.pjrt.BufferFromHost().FromRawData(dtypes.UnsafeByteSliceFromAny(flat), shape.DType, shape.Dimensions).Done()
	return array{raw: b}, err
}

// IsFinalized reports whether Finalize was called.
func (c client) IsFinalized() bool { return !c.pjrt.IsValid() }

// Finalize closes the client.
func (c client) Finalize() { _ = c.pjrt.Destroy() } // there is nothing to do about an error

// array is a buffer of a client. Of a compute.Buffer it has what this package uses.
type array struct {
	compute.Buffer
	raw *pjrt.Buffer
}

// ToFlatData copies the numbers to the host.
func (a array) ToFlatData(flat any) error {
	if b := dtypes.UnsafeByteSliceFromAny(flat); len(b) > 0 {
		return a.raw.ToHost(b)
	}
	return nil
}

// Finalize frees the memory.
func (a array) Finalize() error { return a.raw.Destroy() }

// text compiles a program of this package.
func (c client) text(code string) (*pjrt.LoadedExecutable, error) {
	return c.pjrt.Compile().WithStableHLO([]byte(code)).Done()
}

func destroy(buffers []*pjrt.Buffer) {
	for _, b := range buffers {
		_ = b.Destroy() // the client frees what this leaves
	}
}
