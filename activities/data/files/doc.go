// Package files reads the data of users from the files in which they lie:
// arrays of NumPy, folders of pictures, IDX, CIFAR binaries, Parquet and
// webdataset archives. It derives the shape of the examples, the classes and
// the loss, and notes the values that it derived or converted.
package files
