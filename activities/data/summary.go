package data

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"lossatlas/activities/problem"
)

// Summary describes a data set. Its JSON is for other programs.
type Summary struct {
	Digest  string          `json:"digest"`
	Problem problem.Problem `json:"problem"`
	Names   []string        `json:"class_names,omitempty"`
	Splits  []SplitSummary  `json:"splits"` // those with examples
	// Channels describes the numbers of the first split before normalization.
	Channels []Channel `json:"channels"`
	// Examples are the numbers with which the first examples start, unless they are images.
	Examples [][]float64 `json:"first_examples,omitempty"`
	Notes    []string    `json:"notes,omitempty"`
}

// SplitSummary describes a split.
type SplitSummary struct {
	Name string `json:"name"`
	Size int    `json:"size"` // examples
	// Classes counts the labels of each class, Ignored the labels excluded from the loss.
	Classes []int `json:"classes,omitempty"`
	Ignored int   `json:"ignored,omitempty"`
	// Targets describes each of the numbers of a target.
	Targets []Channel `json:"targets,omitempty"`
}

// The extent of Summary.Examples.
const (
	firstExamples = 3
	firstNumbers  = 12
)

// Summarize reads a data set twice: for its digest, and for the content of its splits.
func Summarize(c *Collection) (s Summary, err error) {
	s = Summary{Problem: c.Problem, Names: c.Names, Notes: c.Notes}
	if s.Digest, err = c.Digest(); err != nil {
		return s, err
	}
	sizes, err := c.sizes()
	if err != nil {
		return s, err
	}
	for i, size := range sizes {
		if err := s.add(c, size, i == 0); err != nil {
			return s, err
		}
	}
	return s, nil
}

// add reads a split, whose numbers are described too if it is the first.
func (s *Summary) add(c *Collection, size splitSize, first bool) error {
	out := SplitSummary{Name: size.name, Size: size.examples}
	var numbers, targets *moments
	if first {
		numbers = newMoments(c.Problem)
	}
	if c.Problem.HasTargets() {
		targets = newMoments(problem.Problem{Shape: []int{c.Problem.Outputs}, Type: problem.Float32})
	} else {
		out.Classes = make([]int, c.Problem.Outputs)
	}
	err := c.eachBlock(size, max(1, ChunkSize/c.Problem.Bytes()), func(b Split, examples []byte) error {
		if err := b.Check(); err != nil {
			return err
		}
		for _, class := range b.Classes {
			if c.Problem.Ignore != nil && class == *c.Problem.Ignore {
				out.Ignored++
			} else {
				out.Classes[class]++
			}
		}
		if targets != nil {
			targets.add(b.appendLabels(nil))
		}
		if numbers != nil {
			numbers.add(examples)
			s.addExamples(examples)
		}
		return nil
	})
	if numbers != nil {
		s.Channels = numbers.channels(size.examples)
	}
	if targets != nil {
		out.Targets = targets.channels(size.examples)
	}
	s.Splits = append(s.Splits, out)
	return err
}

// addExamples keeps the start of the first examples.
func (s *Summary) addExamples(examples []byte) {
	size := s.Problem.Bytes()
	width := size / s.Problem.Size()
	for ; len(examples) > 0 && len(s.Examples) < firstExamples && !s.Problem.IsImage(); examples = examples[size:] {
		var start []float64
		for i := range min(firstNumbers, s.Problem.Size()) {
			start = append(start, number(s.Problem.Type, examples[i*width:]))
		}
		s.Examples = append(s.Examples, start)
	}
}

// WriteText writes the summary for a terminal. Long tables are cut after most rows; 0 means that they are not.
func (s Summary) WriteText(w io.Writer, most int) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "digest\t%s\nexamples\t%s\nlabels\t%s\nloss\t%s, score %s\n", s.Digest, s.examples(), s.labels(), s.Problem.Loss, s.Problem.ScoreName())
	if len(s.Problem.Mean) > 0 {
		fmt.Fprintf(t, "normalization\t(x − %s) / %s\n", list(s.Problem.Mean), list(s.Problem.Deviation))
	}
	for _, split := range s.Splits {
		fmt.Fprintf(t, "%s\t%d %s\n", split.Name, split.Size, plural(split.Size, "example"))
	}
	for _, note := range s.Notes {
		fmt.Fprintf(t, "note\t%s\n", note)
	}
	for i, x := range s.Examples {
		more := ""
		if len(x) < s.Problem.Size() {
			more = ", ..."
		}
		fmt.Fprintf(t, "example %d\t%s%s\n", i, strings.Trim(list(x), "[]"), more)
	}
	s.writeClasses(t, most)
	what := "feature"
	if s.Problem.IsImage() {
		what = "channel"
	}
	writeChannels(t, what, s.Channels, most)
	for _, split := range s.Splits {
		writeChannels(t, "target of "+split.Name, split.Targets, most)
	}
	return t.Flush()
}

// examples is the type and shape in words.
func (s Summary) examples() string {
	p := s.Problem
	if !p.IsImage() {
		return fmt.Sprintf("%s %v", p.Type, p.Shape)
	}
	height, width, channels := p.Image()
	order := "last"
	if p.ChannelsFirst {
		order = "first"
	}
	return fmt.Sprintf("%s %v: images of %d×%d pixels with %d %s, channels %s", p.Type, p.Shape, height, width, channels, plural(channels, "channel"), order)
}

func (s Summary) labels() string {
	switch p := s.Problem; {
	case p.HasTargets():
		return fmt.Sprintf("%d %s", p.Outputs, plural(p.Outputs, "number"))
	case len(p.Labels) > 0:
		return fmt.Sprintf("one of %d classes at each of %v places", p.Outputs, p.Labels)
	default:
		return fmt.Sprintf("one of %d classes", p.Outputs)
	}
}

// writeClasses writes a table of the labels of each class in each split.
func (s Summary) writeClasses(w io.Writer, most int) {
	if s.Problem.HasTargets() {
		return
	}
	fmt.Fprint(w, "\nclass")
	for _, split := range s.Splits {
		fmt.Fprintf(w, "\t%s", split.Name)
	}
	fmt.Fprintln(w)
	for class := range s.Problem.Outputs {
		if most > 0 && class == most {
			fmt.Fprintf(w, "%d more\n", s.Problem.Outputs-most)
			break
		}
		name := strconv.Itoa(class)
		if s.Names != nil {
			name += " " + s.Names[class]
		}
		fmt.Fprint(w, name)
		for _, split := range s.Splits {
			fmt.Fprintf(w, "\t%d", split.Classes[class])
		}
		fmt.Fprintln(w)
	}
}

// writeChannels writes a table of channels, if there are channels.
func writeChannels(w io.Writer, what string, channels []Channel, most int) {
	if len(channels) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\tmin\tmax\tmean\tdeviation\n", what)
	for i, c := range channels {
		if most > 0 && i == most {
			fmt.Fprintf(w, "%d more\n", len(channels)-most)
			return
		}
		fmt.Fprintf(w, "%d\t%.6g\t%.6g\t%.6g\t%.6g\n", i, c.Min, c.Max, c.Mean, c.Deviation)
	}
}

// list is numbers with six digits.
func list(v []float64) string {
	parts := make([]string, len(v))
	for i, x := range v {
		parts[i] = fmt.Sprintf("%.6g", x)
	}
	if len(parts) > firstNumbers {
		parts = append(parts[:firstNumbers], "...")
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
