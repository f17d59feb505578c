package files_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/data/files"
	"lossatlas/activities/problem"
)

// npy is a .npy file of little-endian elements.
func npy(descr string, fortran bool, shape []int, elements any) []byte {
	body, err := binary.Append(nil, binary.LittleEndian, elements)
	if err != nil {
		panic(err)
	}
	order := map[bool]string{false: "False", true: "True"}[fortran]
	dims := strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]")
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s,), }\n", descr, order, dims)
	out := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), byte(len(head)>>8))
	return append(append(out, head...), body...)
}

// npz is an archive of .npy files, given as name and content in turns.
func npz(method uint16, content ...any) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(content); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: content[i].(string) + ".npy", Method: method})
		if err == nil {
			_, err = f.Write(content[i+1].([]byte))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// write writes a file below a folder and returns its path.
func write(t testing.TB, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string, opts files.Options) *data.Collection {
	t.Helper()
	c, err := files.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// load reads a whole split.
func load(t testing.TB, c *data.Collection, split string) data.Split {
	t.Helper()
	n, err := c.Size(split)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Load(split, 0, n)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	return s
}

// float32s decodes examples.
func float32s(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	if _, err := binary.Decode(b, binary.LittleEndian, out); err != nil {
		panic(err)
	}
	return out
}

// ramp is the numbers 0, 1, 2, ...
func ramp[T uint8 | uint16 | int32 | int64 | float32 | float64](n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = T(i)
	}
	return out
}

// refused checks that opening, or else reading, fails with a message of parts.
func refused(t testing.TB, path string, opts files.Options, parts ...string) {
	t.Helper()
	c, err := files.Open(path, opts)
	if err == nil {
		_, err = c.Digest()
	}
	if err == nil {
		t.Errorf("%s is accepted, want an error that mentions %q", path, parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("the error does not mention %q: %v", p, err)
		}
	}
}

// TestArrays reads each type of elements, stored and compressed, in both orders.
func TestArrays(t *testing.T) {
	y := npy("<i8", false, []int{3}, []int64{0, 2, 1})
	type want struct {
		shape []int
		kind  problem.Type
		first bool
		bytes []byte // of example 1
	}
	numbers := func(v ...float32) []byte { b, _ := binary.Append(nil, binary.LittleEndian, v); return b }
	indices := func(v ...int32) []byte { b, _ := binary.Append(nil, binary.LittleEndian, v); return b }
	for name, c := range map[string]struct {
		x []byte
		want
	}{
		"bytes":       {npy("|u1", false, []int{3, 2}, ramp[uint8](6)), want{[]int{2}, problem.Uint8, false, []byte{2, 3}}},
		"float32":     {npy("<f4", false, []int{3, 2}, ramp[float32](6)), want{[]int{2}, problem.Float32, false, numbers(2, 3)}},
		"float64":     {npy("<f8", false, []int{3, 2}, ramp[float64](6)), want{[]int{2}, problem.Float32, false, numbers(2, 3)}},
		"float16":     {npy("<f2", false, []int{3}, []uint16{0, 0x3c00, 0x4000}), want{[]int{1}, problem.Float32, false, numbers(1)}},
		"tokens":      {npy("<i8", false, []int{3, 2}, ramp[int64](6)), want{[]int{2}, problem.Int32, false, indices(2, 3)}},
		"tokens16":    {npy("<u2", false, []int{3, 2}, ramp[uint16](6)), want{[]int{2}, problem.Int32, false, indices(2, 3)}},
		"flags":       {npy("|b1", false, []int{3, 2}, []bool{true, false, false, true, true, true}), want{[]int{2}, problem.Uint8, false, []byte{0, 1}}},
		"Fortran":     {npy("<f4", true, []int{3, 2}, []float32{0, 2, 4, 1, 3, 5}), want{[]int{2}, problem.Float32, false, numbers(2, 3)}},
		"big-endian":  {npy(">i2", false, []int{3, 1}, []uint16{0, 0x0100, 0x0200}), want{[]int{1}, problem.Int32, false, indices(1)}},
		"first":       {npy("|u1", false, []int{3, 3, 2, 2}, ramp[uint8](36)), want{[]int{3, 2, 2}, problem.Uint8, true, ramp[uint8](36)[12:24]}},
		"last":        {npy("|u1", false, []int{3, 2, 2, 3}, ramp[uint8](36)), want{[]int{2, 2, 3}, problem.Uint8, false, ramp[uint8](36)[12:24]}},
		"gray":        {npy("|u1", false, []int{3, 2, 2}, ramp[uint8](12)), want{[]int{2, 2, 1}, problem.Uint8, false, ramp[uint8](12)[4:8]}},
		"sequence":    {npy("<f4", false, []int{3, 2, 5}, ramp[float32](30)), want{[]int{2, 5}, problem.Float32, false, numbers(ramp[float32](30)[10:20]...)}},
		"wide images": {npy("<i8", false, []int{3, 1, 2, 2}, ramp[int64](12)), want{[]int{1, 2, 2}, problem.Float32, true, numbers(4, 5, 6, 7)}},
	} {
		for _, method := range []uint16{zip.Store, zip.Deflate} {
			path := write(t, t.TempDir(), "d.npz", npz(method, "x", c.x, "y", y))
			got := open(t, path, files.Options{Resident: 1}) // examples stay in the file
			p := got.Problem
			if !slices.Equal(p.Shape, c.shape) || p.Type != c.kind || p.ChannelsFirst != c.first || p.Outputs != 3 || p.Loss != problem.CrossEntropy {
				t.Errorf("%s: %v", name, p)
				continue
			}
			s := load(t, got, data.Train)
			if !slices.Equal(s.Classes, []int32{0, 2, 1}) {
				t.Errorf("%s: classes %v", name, s.Classes)
			}
			for range 2 { // back to an earlier example the second time
				b := make([]byte, 2*p.Bytes())
				if err := s.Read(b, 1); err != nil || !bytes.Equal(b[:p.Bytes()], c.bytes) {
					t.Errorf("%s: example 1 is %v (%v), want %v", name, b[:p.Bytes()], err, c.bytes)
				}
			}
			whole := load(t, open(t, path, files.Options{}), data.Train)
			if !bytes.Equal(whole.Example(1), c.bytes) {
				t.Errorf("%s: in memory example 1 is %v, want %v", name, whole.Example(1), c.bytes)
			}
		}
	}
}

// TestLabels: integers are classes, at one or several places, and numbers are targets.
func TestLabels(t *testing.T) {
	x := npy("<f4", false, []int{2, 1}, []float32{1, 2})
	for name, c := range map[string]struct {
		y    []byte
		opts files.Options
		want problem.Problem // in what labels decide
	}{
		"classes":    {npy("|u1", false, []int{2}, []uint8{1, 0}), files.Options{}, problem.Problem{Outputs: 2, Loss: problem.CrossEntropy}},
		"column":     {npy("<i4", false, []int{2, 1}, []int32{1, 0}), files.Options{}, problem.Problem{Outputs: 2, Loss: problem.CrossEntropy}},
		"more":       {npy("<i4", false, []int{2}, []int32{1, 0}), files.Options{Classes: 7}, problem.Problem{Outputs: 7, Loss: problem.CrossEntropy}},
		"places":     {npy("<i8", false, []int{2, 3}, []int64{1, 0, 3, -100, 0, 0}), files.Options{}, problem.Problem{Labels: []int{3}, Outputs: 4, Loss: problem.CrossEntropy, LossOptions: problem.LossOptions{Ignore: new(int32)}}},
		"targets":    {npy("<f8", false, []int{2, 3}, ramp[float64](6)), files.Options{}, problem.Problem{Outputs: 3, Loss: problem.MeanSquaredError}},
		"one-hot":    {npy("<f4", false, []int{2, 3}, []float32{0, 1, 0, 1, 0, 0}), files.Options{}, problem.Problem{Outputs: 3, Loss: problem.MeanSquaredError}},
		"integers":   {npy("<i8", false, []int{2, 3}, []int64{0, 1, 0, 1, 0, 0}), files.Options{}, problem.Problem{Labels: []int{3}, Outputs: 2, Loss: problem.CrossEntropy}},
		"two ones":   {npy("<f4", false, []int{2, 3}, []float32{0, 1, 0, 1, 0, 1}), files.Options{}, problem.Problem{Outputs: 3, Loss: problem.MeanSquaredError}},
		"one target": {npy("<f4", false, []int{2}, []float32{.5, 1}), files.Options{Loss: problem.Huber}, problem.Problem{Outputs: 1, Loss: problem.Huber}},
		"as targets": {npy("<i4", false, []int{2}, []int32{1, 0}), files.Options{Loss: problem.MeanSquaredError}, problem.Problem{Outputs: 1, Loss: problem.MeanSquaredError}},
		"as classes": {npy("<f4", false, []int{2}, []float32{2, 0}), files.Options{Loss: problem.Hinge}, problem.Problem{Outputs: 3, Loss: problem.Hinge}},
		"flags":      {npy("|b1", false, []int{2, 2}, []bool{true, false, true, true}), files.Options{}, problem.Problem{Outputs: 2, Loss: problem.BinaryCrossEntropy}},
	} {
		want := c.want
		want.Shape, want.Type = []int{1}, problem.Float32
		if want.Ignore != nil {
			*want.Ignore = -100
		}
		got := open(t, write(t, t.TempDir(), "d.npz", npz(zip.Store, "data", x, "target", c.y)), c.opts)
		if !got.Problem.Equal(want) {
			t.Errorf("%s: %v, want %v", name, got.Problem, want)
		}
		if said := strings.Contains(strings.Join(got.Notes, "\n"), "y.argmax(1)"); said != (name == "one-hot" || name == "integers") {
			t.Errorf("%s: notes %q", name, got.Notes)
		}
		load(t, got, data.Train)
	}
}

// TestBadArrays: what does not fit is refused by name, with what is expected.
func TestBadArrays(t *testing.T) {
	x, y := npy("<f4", false, []int{2, 1}, []float32{1, 2}), npy("<i4", false, []int{2}, []int32{0, 1})
	for name, c := range map[string]struct {
		content []any
		opts    files.Options
		want    []string
	}{
		"names":      {[]any{"a", x, "b", y}, files.Options{}, []string{"arrays a, b", "x and y", "x_train"}},
		"no labels":  {[]any{"x_train", x}, files.Options{}, []string{"arrays x_train"}},
		"twice":      {[]any{"x", x, "images", x, "y", y}, files.Options{}, []string{"x and images"}},
		"count":      {[]any{"x", x, "y", npy("<i4", false, []int{3}, []int32{0, 1, 2})}, files.Options{}, []string{"array y: has 3 labels for 2 examples"}},
		"negative":   {[]any{"x", x, "y", npy("<i4", false, []int{2}, []int32{0, -1})}, files.Options{}, []string{"record 1", "label -1"}},
		"fractions":  {[]any{"x", x, "y", npy("<f4", false, []int{2}, []float32{0, .5})}, files.Options{Loss: problem.CrossEntropy}, []string{"record 1", "label 0.5"}},
		"classes":    {[]any{"x", x, "y", y}, files.Options{Classes: 1}, []string{"has 2 classes", "1 are asked for"}},
		"NaN":        {[]any{"x", npy("<f4", false, []int{2, 1}, []float32{1, float32(math.NaN())}), "y", y}, files.Options{}, []string{"array x", "record 1", "NaN"}},
		"NaN target": {[]any{"x", x, "y", npy("<f4", false, []int{2}, []float32{0, float32(math.Inf(1))})}, files.Options{}, []string{"array y", "record 1", "+Inf"}},
		"ambiguous":  {[]any{"x", npy("|u1", false, []int{2, 3, 5, 3}, make([]uint8, 90)), "y", y}, files.Options{}, []string{"[2 3 5 3]", "channels_first or channels_last"}},
		"tokens":     {[]any{"x", npy("<i8", false, []int{2, 1}, []int64{1, 1 << 40}), "y", y}, files.Options{}, []string{"record 1", "32 bits"}},
		"strings":    {[]any{"x", npy("<U2", false, []int{2}, make([]uint8, 16)), "y", y}, files.Options{}, []string{"array x", `type "U2"`}},
		"truncated":  {[]any{"x", x[:len(x)-1], "y", y}, files.Options{}, []string{"array x", "7 bytes of elements", "[2 1]"}},
		"huge":       {[]any{"x", npy("<f8", false, []int{1 << 30, 1 << 30, 1 << 30}, []float64{1}), "y", y}, files.Options{}, []string{"array x", "do not fill the shape"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []uint16{zip.Store, zip.Deflate} {
				refused(t, write(t, t.TempDir(), "d.npz", npz(method, c.content...)), c.opts, append(c.want, "d.npz")...)
			}
		})
	}
	dir := t.TempDir()
	refused(t, write(t, dir, "x.npy", x), files.Options{}, "labels", "numpy.savez")
	refused(t, filepath.Join(dir, "absent.npz"), files.Options{}, "absent.npz")
	refused(t, write(t, dir, "x.doc", x), files.Options{}, "x.doc", ".npz", "folder of pictures")
	refused(t, write(t, dir, "y.npz", x), files.Options{}, "y.npz")
}

// TestExamplesAndLabelsInTwoFiles reads .npy files.
func TestExamplesAndLabelsInTwoFiles(t *testing.T) {
	dir := t.TempDir()
	x := write(t, dir, "x.npy", npy("<f4", false, []int{3, 2}, ramp[float32](6)))
	y := write(t, dir, "y.npy", npy("<i4", false, []int{3}, []int32{0, 1, 0}))
	s := load(t, open(t, x, files.Options{Labels: y}), data.Train)
	if !slices.Equal(float32s(s.Examples), ramp[float32](6)) || !slices.Equal(s.Classes, []int32{0, 1, 0}) {
		t.Errorf("%v, %v", float32s(s.Examples), s.Classes)
	}
	if err := os.WriteFile(x, npy("<f4", false, []int{3, 2}, make([]float32, 6)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestSplits: splits are those of the files, or a fraction chosen by a seed.
func TestSplits(t *testing.T) {
	dir := t.TempDir()
	xy := func(split string, n int) []any {
		return []any{"x" + split, npy("<f4", false, []int{n}, ramp[float32](n)), "y" + split, npy("<i8", false, []int{n}, ramp[int64](n))}
	}
	sizes := func(c *data.Collection) [2]int {
		return [2]int{load(t, c, data.Train).Len(), load(t, c, data.Test).Len()}
	}
	both := write(t, dir, "both.npz", npz(zip.Store, append(xy("_train", 20), xy("_test", 5)...)...))
	if got := sizes(open(t, both, files.Options{})); got != [2]int{20, 5} {
		t.Errorf("the files' splits have %v examples", got)
	}
	if got := sizes(open(t, both, files.Options{First: 7})); got != [2]int{7, 5} {
		t.Errorf("the first 7 of the files' splits are %v examples", got)
	}
	refused(t, both, files.Options{TestFraction: .2}, "test split of the files")
	val := open(t, write(t, dir, "val.npz", npz(zip.Store, append(xy("_train", 20), xy("_val", 5)...)...)), files.Options{})
	if got := sizes(val); got != [2]int{20, 5} || !slices.Contains(val.Notes, "the validation split of the files is the test split") {
		t.Errorf("with a validation split %v examples, notes %q", got, val.Notes)
	}
	one := write(t, dir, "one.npz", npz(zip.Deflate, xy("", 20)...))
	if got := sizes(open(t, one, files.Options{})); got != [2]int{20, 0} {
		t.Errorf("a file of one split has %v examples", got)
	}
	seen := map[string]bool{}
	for seed := range uint64(3) {
		c := open(t, one, files.Options{TestFraction: .2, Seed: seed})
		train, test := load(t, c, data.Train), load(t, c, data.Test)
		all := slices.Concat(train.Classes, test.Classes)
		slices.Sort(all)
		if test.Len() != 4 || !slices.Equal(all, ramp[int32](20)) || !slices.IsSorted(test.Classes) {
			t.Errorf("seed %d: test %v, train %v", seed, test.Classes, train.Classes)
		}
		for i, class := range test.Classes {
			if float32s(test.Example(i))[0] != float32(class) {
				t.Errorf("seed %d: example %d has the label of another", seed, i)
			}
		}
		seen[fmt.Sprint(test.Classes)] = true
		if again := load(t, open(t, one, files.Options{TestFraction: .2, Seed: seed}), data.Test); !slices.Equal(again.Classes, test.Classes) {
			t.Errorf("seed %d chooses %v, then %v", seed, test.Classes, again.Classes)
		}
	}
	if len(seen) < 2 {
		t.Error("the seed changes nothing")
	}
}

// TestNormalization: computed over the training split, given, or named.
func TestNormalization(t *testing.T) {
	x := []float32{1, 10, 3, 10, 8, 10, 100, 100}
	path := write(t, t.TempDir(), "d.npz", npz(zip.Store,
		"x_train", npy("<f4", false, []int{3, 2}, x[:6]), "y_train", npy("<i4", false, []int{3}, []int32{0, 1, 0}),
		"x_test", npy("<f4", false, []int{1, 2}, x[6:]), "y_test", npy("<i4", false, []int{1}, []int32{0})))
	p := open(t, path, files.Options{Normalization: files.Computed}).Problem
	if want := math.Sqrt(26. / 3); math.Abs(p.Mean[0]-4) > 1e-12 || math.Abs(p.Deviation[0]-want) > 1e-12 || p.Mean[1] != 10 || p.Deviation[1] != 1 {
		t.Errorf("computed %v and %v, want 4 and %g, and 10 and 1 for the constant feature", p.Mean, p.Deviation, want)
	}
	if p := open(t, path, files.Options{Mean: []float64{1}, Deviation: []float64{2}}).Problem; p.Mean[0] != 1 || p.Deviation[0] != 2 {
		t.Errorf("given %v and %v", p.Mean, p.Deviation)
	}
	if p := open(t, path, files.Options{}).Problem; p.Mean != nil {
		t.Errorf("without a word numbers are normalized by %v", p.Mean)
	}
	refused(t, path, files.Options{Normalization: "imagenet"}, "none, unit or computed")
	refused(t, path, files.Options{Mean: []float64{1}}, "1 means and 0 deviations")
}

// picture is a small image of the given colour model, different for each i.
func picture(i, height, width int, m color.Model) image.Image {
	r := image.Rect(0, 0, width, height)
	var img interface {
		image.Image
		Set(x, y int, c color.Color)
	} = image.NewNRGBA(r)
	switch m {
	case color.GrayModel:
		img = image.NewGray(r)
	case color.Gray16Model:
		img = image.NewGray16(r)
	}
	for y := range height {
		for x := range width {
			img.Set(x, y, color.NRGBA{uint8(10*i + x), uint8(20*i + y), uint8(30 * i), 255})
		}
	}
	return img
}

func pngOf(img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// pixels is what an example of the image must be, channels last.
func pixels(img image.Image) (b []byte) {
	r := img.Bounds()
	for y := range r.Dy() {
		for x := range r.Dx() {
			if g, ok := img.(*image.Gray); ok {
				b = append(b, g.GrayAt(x, y).Y)
				continue
			}
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			b = append(b, c.R, c.G, c.B)
		}
	}
	return b
}

// TestFolderOfPictures reads classes in turns, and the same content from arrays has the same digest.
func TestFolderOfPictures(t *testing.T) {
	dir := t.TempDir()
	var want []byte
	for i := range 6 {
		img := picture(i, 4, 5, color.NRGBAModel)
		write(t, dir, fmt.Sprintf("%d/%d.png", i%2, i), pngOf(img))
		want = append(want, pixels(img)...)
	}
	c := open(t, dir, files.Options{})
	s := load(t, c, data.Train)
	if !slices.Equal(s.Classes, []int32{0, 1, 0, 1, 0, 1}) || !bytes.Equal(s.Examples, want) || !slices.Equal(c.Problem.Shape, []int{4, 5, 3}) || c.Names != nil {
		t.Fatalf("classes %v, names %v, problem %v, pixels equal: %v", s.Classes, c.Names, c.Problem, bytes.Equal(s.Examples, want))
	}
	array := open(t, write(t, t.TempDir(), "d.npz", npz(zip.Deflate, "x", npy("|u1", false, []int{6, 4, 5, 3}, want), "y", npy("<i8", false, []int{6}, []int64{0, 1, 0, 1, 0, 1}))), files.Options{})
	a, err := c.Digest()
	b, err2 := array.Digest()
	if a != b || err != nil || err2 != nil {
		t.Errorf("the digests of equal content are %s and %s (%v, %v)", a, b, err, err2)
	}
	if err := os.Rename(filepath.Join(dir, "1"), filepath.Join(dir, "cat")); err != nil {
		t.Fatal(err)
	}
	named := open(t, dir, files.Options{Layout: files.ChannelsFirst})
	first := load(t, named, data.Train)
	if !slices.Equal(named.Names, []string{"0", "cat"}) || !slices.Equal(named.Problem.Shape, []int{3, 4, 5}) || first.Example(1)[2*20+7] != s.Example(1)[7*3+2] {
		t.Errorf("names %v, problem %v", named.Names, named.Problem)
	}
}

// TestPicturesByClassAndSplit: DIR/{train,val,test}/class.
func TestPicturesByClassAndSplit(t *testing.T) {
	dir := t.TempDir()
	gray := pngOf(picture(1, 3, 3, color.GrayModel))
	for name, content := range map[string][]byte{
		"train/dog/1.png": gray, "train/dog/2.png": gray, "train/cat/1.png": gray, "train/cat/readme.txt": nil, "train/.hidden/1.png": nil,
		"test/dog/7.PNG": gray, "val/dog/8.png": gray,
	} {
		write(t, dir, name, content)
	}
	c := open(t, dir, files.Options{})
	train, test := load(t, c, data.Train), load(t, c, data.Test)
	if !slices.Equal(train.Classes, []int32{0, 1, 1}) || !slices.Equal(test.Classes, []int32{1}) || !slices.Equal(c.Names, []string{"cat", "dog"}) {
		t.Errorf("train %v, test %v, names %v", train.Classes, test.Classes, c.Names)
	}
	if !slices.Equal(c.Problem.Shape, []int{3, 3, 1}) || !slices.Contains(c.Notes, "the validation split of the files is not used") {
		t.Errorf("problem %v, notes %q", c.Problem, c.Notes)
	}
}

// TestPicturesThatDiffer are refused by name unless the options make them alike.
func TestPicturesThatDiffer(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/1.png", pngOf(picture(1, 4, 4, color.NRGBAModel)))
	write(t, dir, "a/2.png", pngOf(picture(2, 8, 6, color.NRGBAModel)))
	write(t, dir, "b/1.png", pngOf(picture(3, 4, 4, color.Gray16Model)))
	refused(t, dir, files.Options{}, "b/1.png", "is gray", "choose 1 channel")
	refused(t, dir, files.Options{Channels: 3}, "a/2.png", "8×6 pixels", "4×4", "resize")
	c := open(t, dir, files.Options{Channels: 1, Height: 2, Width: 3})
	if s := load(t, c, data.Train); !slices.Equal(c.Problem.Shape, []int{2, 3, 1}) || s.Len() != 3 {
		t.Errorf("%d examples of %v", s.Len(), c.Problem)
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	write(t, dir, "b/1.png", pngOf(clear))
	refused(t, dir, files.Options{}, "b/1.png", "transparent")
	damaged := pngOf(picture(3, 4, 4, color.NRGBAModel))
	write(t, dir, "b/1.png", damaged[:len(damaged)-20])
	refused(t, dir, files.Options{}, "b/1.png", "damaged")
	write(t, dir, "b/1.png", []byte("text"))
	refused(t, dir, files.Options{}, "b/1.png", "no picture")
	if err := os.Remove(filepath.Join(dir, "b/1.png")); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, files.Options{}, "/b", "holds no pictures")
	refused(t, t.TempDir(), files.Options{}, "holds nothing", "folder of pictures")
}

// TestJPEG: JPEG pictures are read, and an orientation that is not applied is said.
func TestJPEG(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(1, 8, 8, color.NRGBAModel), nil); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
	turned := slices.Concat(b.Bytes()[:2], []byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, []byte(exif), b.Bytes()[2:])
	for _, content := range [][]byte{b.Bytes(), turned} {
		dir := t.TempDir()
		write(t, dir, "a/1.jpg", content)
		c := open(t, dir, files.Options{})
		noted := slices.ContainsFunc(c.Notes, func(s string) bool { return strings.Contains(s, "orientation") })
		if s := load(t, c, data.Train); s.Len() != 1 || noted != bytes.Equal(content, turned) {
			t.Errorf("%d pictures, notes %q", s.Len(), c.Notes)
		}
	}
}
