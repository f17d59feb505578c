package data

import "lossatlas/activities/problem"

// CIFAR10 is the data set of the paper: 32×32 colour photographs of ten
// classes, 50,000 to train and 10,000 to test (Krizhevsky 2009), in the
// official binary layout. A subset in the same layout serves as well.
const CIFAR10 = "cifar10"

// The form of the images of CIFAR-10. Shapes10 has the same.
const (
	channels  = 3
	height    = 32
	width     = 32
	plane     = height * width   // pixels of one channel
	imageSize = channels * plane // bytes of one image
	classes   = 10
)

// cifarProblem normalizes pixels by the mean and the standard deviation of red,
// green and blue of the paper's experiments. Shapes10 has the same, so that
// networks and checkpoints can be carried from one to the other.
var cifarProblem = problem.Problem{
	Shape: []int{height, width, channels}, Type: problem.Uint8,
	Mean: []float64{125.3, 123.0, 113.9}, Deviation: []float64{63.0, 62.1, 66.7},
	Outputs: classes, Loss: problem.CrossEntropy,
}

var cifarRecords = &layout{
	set: CIFAR10, problem: cifarProblem, folder: "cifar-10-batches-bin",
	files: map[string][]string{
		Train: {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
		Test:  {"test_batch.bin"},
	},
	extra: []string{"batches.meta.txt", "readme.html"},
	archive: Archive{
		URL: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", Size: 170052171,
		SHA256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
	},
	record: 1 + imageSize, title: "CIFAR-10", words: "3073 bytes: 1 label and 3072 pixels",
	decode: func(image, record []byte) int32 {
		if image != nil {
			interleave(image, record[1:])
		}
		return int32(record[0])
	},
}

var cifar10 = Set{Name: CIFAR10, Problem: cifarProblem, Train: 50000, Test: 10000, Augment: true, open: cifarRecords.open, records: cifarRecords}

// interleave reorders an image from planes (channel, row, column) to pixels (row, column, channel).
func interleave(image, planes []byte) {
	for i := range plane {
		image[3*i], image[3*i+1], image[3*i+2] = planes[i], planes[plane+i], planes[2*plane+i]
	}
}
