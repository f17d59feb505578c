package engine

import "testing"

// KeepOnDevice limits, for a test, how many bytes of images evaluators keep on the device.
func KeepOnDevice(t *testing.T, bytes int) {
	before := residentBytes
	residentBytes = bytes
	t.Cleanup(func() { residentBytes = before })
}
