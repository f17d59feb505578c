package s3

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/pkg/xattr"
	"github.com/versity/versitygw/backend/meta"
)

// folders are the parts of a store, below one folder:
//
//	buckets/     one folder per bucket, one file per object
//	attributes/  object attributes, only where the file system has no extended ones
type folders struct {
	buckets    string
	attributes meta.MetadataStorer
	sidecar    bool
}

// layOut makes the folders of a store in dir, and chooses the place of attributes. An existing store keeps its choice.
func layOut(dir string, sidecar bool) (folders, error) {
	f := folders{buckets: filepath.Join(dir, "buckets")}
	if err := os.MkdirAll(f.buckets, 0o700); err != nil {
		return f, fmt.Errorf("make the folder of the S3 endpoint: %w", err)
	}
	if err := probe(f.buckets); err != nil {
		return f, err
	}
	side := filepath.Join(dir, "attributes")
	if !sidecar {
		_, err := os.Stat(side)
		sidecar = err == nil || !hasXattrs(f.buckets)
	}
	if !sidecar {
		f.attributes = meta.XattrMeta{}
		return f, nil
	}
	if err := os.MkdirAll(side, 0o700); err != nil {
		return f, fmt.Errorf("make the folder for object attributes: %w", err)
	}
	storer, err := meta.NewSideCar(side)
	if err != nil {
		return f, fmt.Errorf("keep object attributes in %s: %w", side, err)
	}
	f.attributes, f.sidecar = storer, true
	return f, nil
}

// probe checks that files can be written in dir.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, ".probe-*")
	if err == nil {
		_, err = f.Write([]byte("probe"))
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if errors.Is(err, syscall.ENOSPC) {
		return nil // objects can still be read, and removed to make room
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the S3 endpoint may not write in %s; change its owner or rights, or choose another folder: %w", dir, err)
	}
	if err != nil {
		return fmt.Errorf("the S3 endpoint cannot write in %s: %w", dir, err)
	}
	return nil
}

// hasXattrs tests user extended attributes on a file in dir. It is true on a full disk, which must not change the choice.
func hasXattrs(dir string) bool {
	f, err := os.CreateTemp(dir, ".probe-*")
	if err == nil {
		err = errors.Join(xattr.FSet(f, "user.lossatlas", []byte("1")), f.Close(), os.Remove(f.Name()))
	}
	return err == nil || errors.Is(err, syscall.ENOSPC)
}
