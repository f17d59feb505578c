package atlas

import "testing"

// BenchmarkPage makes the page of four experiments with four pictures each.
func BenchmarkPage(b *testing.B) {
	d := samplePage(b, 4)
	for b.Loop() {
		if _, err := Page(d); err != nil {
			b.Fatal(err)
		}
	}
}
