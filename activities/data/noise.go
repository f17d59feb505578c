package data

import (
	"crypto/sha256"
	"encoding/binary"
)

// WithLabelNoise is the split with wrong labels: each label becomes, with
// probability fraction, one of the other classes, each as likely. What becomes
// of a label depends on the seed and on the number of its record in the data
// set, so that any range of records sees the same labels. from is the record
// number of the first image. The pixels are shared with s.
func (s Split) WithLabelNoise(fraction float64, seed uint64, from int) Split {
	noisy := s
	noisy.Labels = make([]uint8, len(s.Labels))
	for i, label := range s.Labels {
		var b []byte
		b = append(b, "label noise\x00"...)
		b = binary.LittleEndian.AppendUint64(b, seed)
		b = binary.LittleEndian.AppendUint64(b, uint64(from+i))
		sum := sha256.Sum256(b)
		// 53 bits make a number in [0, 1); what the remainder favours is below 1e-18.
		if float64(binary.LittleEndian.Uint64(sum[:])>>11)/(1<<53) < fraction {
			label = uint8((uint64(label) + 1 + binary.LittleEndian.Uint64(sum[8:])%(Classes-1)) % Classes)
		}
		noisy.Labels[i] = label
	}
	return noisy
}
