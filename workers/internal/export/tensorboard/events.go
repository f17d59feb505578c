// Package tensorboard writes event files, which TensorBoard reads: records of protocol buffers of the kind tensorboard.Event, each framed with its length and
// checksums (tensorflow/core/lib/io/record_writer.h, tensorboard/compat/proto/event.proto and summary.proto).
package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"image/png"
	"io"
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of the messages.
const (
	eventTime, eventStep, eventVersion, eventSummary        = 1, 2, 3, 5
	summaryValue                                            = 1
	valueTag, valueNumber, valueImage                       = 1, 2, 4
	imageHeight, imageWidth, imageColors, imageFile, inRGBA = 1, 2, 3, 4, 4
)

// Writer writes the events of one run to a file, all with the same time.
type Writer struct {
	w  io.Writer
	at time.Time
}

// NewWriter begins a file.
func NewWriter(w io.Writer, at time.Time) (*Writer, error) {
	out := &Writer{w, at}
	return out, out.record(protowire.AppendString(protowire.AppendTag(out.event(0), eventVersion, protowire.BytesType), "brain.Event:2"))
}

// Scalar writes one point of a curve. TensorBoard keeps it as a float32.
func (w *Writer) Scalar(tag string, step int, value float64) error {
	v := protowire.AppendTag(named(tag), valueNumber, protowire.Fixed32Type)
	return w.summary(step, protowire.AppendFixed32(v, math.Float32bits(float32(value))))
}

// Image writes a picture, a PNG file.
func (w *Writer) Image(tag string, step int, file string) error {
	size, err := png.DecodeConfig(strings.NewReader(file))
	if err != nil {
		return err
	}
	var image []byte
	for _, field := range [][2]int{{imageHeight, size.Height}, {imageWidth, size.Width}, {imageColors, inRGBA}} {
		image = protowire.AppendTag(image, protowire.Number(field[0]), protowire.VarintType)
		image = protowire.AppendVarint(image, uint64(field[1]))
	}
	image = protowire.AppendString(protowire.AppendTag(image, imageFile, protowire.BytesType), file)
	return w.summary(step, protowire.AppendBytes(protowire.AppendTag(named(tag), valueImage, protowire.BytesType), image))
}

// named begins a value of a summary.
func named(tag string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), tag)
}

func (w *Writer) summary(step int, value []byte) error {
	summary := protowire.AppendBytes(protowire.AppendTag(nil, summaryValue, protowire.BytesType), value)
	return w.record(protowire.AppendBytes(protowire.AppendTag(w.event(step), eventSummary, protowire.BytesType), summary))
}

// event begins an event.
func (w *Writer) event(step int) []byte {
	b := protowire.AppendTag(nil, eventTime, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(float64(w.at.UnixMilli())/1000))
	b = protowire.AppendTag(b, eventStep, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(step))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of the record format, which is turned so that one of data that holds checksums is not weak.
func masked(b []byte) uint32 {
	sum := crc32.Checksum(b, castagnoli)
	return (sum>>15 | sum<<17) + 0xA282EAD8
}

func (w *Writer) record(data []byte) error {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, masked(b))
	b = append(b, data...)
	_, err := w.w.Write(binary.LittleEndian.AppendUint32(b, masked(data)))
	return err
}
