package main_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// disk is a small file system that really fills up.
type disk struct{ dir string }

const (
	diskSize = 128 << 20
	// sharedMemory is a file system in memory that containers have, mostly small.
	sharedMemory  = "/dev/shm"
	largestToFill = 256 << 20
)

// newDisk mounts a small file system for both servers or, where that is not
// allowed, takes the shared memory of a container for the store. Where that is
// not small it says so and returns nil, and folders that never are full.
func newDisk(t *testing.T) (d *disk, store, database string) {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize))
	if err == nil {
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		return &disk{dir}, dir, dir
	}
	var fs syscall.Statfs_t
	if e := syscall.Statfs(sharedMemory, &fs); e != nil || fs.Blocks*uint64(fs.Bsize) > largestToFill {
		t.Logf("no disk will be full: a file system may not be mounted (%v), and %s is not there or too large to be filled", err, sharedMemory)
		return nil, dir, dir
	}
	shared, err := os.MkdirTemp(sharedMemory, "lossatlas-chaos-")
	if err != nil {
		t.Logf("no disk will be full: %v", err)
		return nil, dir, dir
	}
	t.Logf("the disk that will be full is %s", sharedMemory)
	t.Cleanup(func() { _ = os.RemoveAll(shared) })
	return &disk{shared}, shared, dir
}

// fill takes all space for a while, also what others free meanwhile, and gives it
// back when enough says so.
func (d *disk) fill(enough func() bool) (err error) {
	ballast, err := os.Create(filepath.Join(d.dir, "ballast"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ballast.Close(), os.Remove(ballast.Name())) }()
	block := make([]byte, 1<<20)
	for !enough() {
		for size := len(block); size > 0; {
			if _, err := ballast.Write(block[:size]); errors.Is(err, syscall.ENOSPC) {
				size /= 2
			} else if err != nil {
				return err
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
	return nil
}
