package data

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// WithLabelNoise is the split with wrong labels: each class becomes, with
// probability fraction, one of the other classes, each as likely. What becomes
// of a label depends on the seed and on the number of its record in the data
// set, so that any range of records sees the same labels. from is the record
// number of the first example. The examples are shared with s. It returns an error
// for a problem without other classes.
func (s Split) WithLabelNoise(fraction float64, seed uint64, from int) (Split, error) {
	classes := uint64(s.Problem.Outputs)
	if s.Problem.HasTargets() || classes < 2 {
		return Split{}, fmt.Errorf("label noise replaces classes by others, and the examples of %q have no other classes: leave label_noise out", s.Name)
	}
	noisy := s
	noisy.Classes = make([]int32, len(s.Classes))
	for i, class := range s.Classes {
		var b []byte
		b = append(b, "label noise\x00"...)
		b = binary.LittleEndian.AppendUint64(b, seed)
		b = binary.LittleEndian.AppendUint64(b, uint64(from+i))
		sum := sha256.Sum256(b)
		// 53 bits make a number in [0, 1); what the remainder favours is below 1e-18.
		if float64(binary.LittleEndian.Uint64(sum[:])>>11)/(1<<53) < fraction {
			class = int32((uint64(class) + 1 + binary.LittleEndian.Uint64(sum[8:])%(classes-1)) % classes)
		}
		noisy.Classes[i] = class
	}
	return noisy, nil
}
