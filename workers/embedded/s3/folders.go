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

// folders is where a store keeps its parts, below one folder:
//
//	buckets/     one folder per bucket, one file per object
//	attributes/  object attributes, only where the file system keeps none
type folders struct {
	buckets    string
	attributes meta.MetadataStorer
	sidecar    bool
}

// layOut makes the folders of a store in dir, and chooses where attributes go.
// A store that once kept them in files goes on so: the choice must not change
// under the objects that are there.
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

// probe finds out now, rather than at the first object, whether files can be
// written in dir.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, ".probe-*")
	if err == nil {
		_, err = f.Write([]byte("probe"))
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if errors.Is(err, syscall.ENOSPC) {
		return nil // what is there can be read, and removed to make room
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the S3 endpoint may not write in %s; change its owner or rights, or choose another folder: %w", dir, err)
	}
	if err != nil {
		return fmt.Errorf("the S3 endpoint cannot write in %s: %w", dir, err)
	}
	return nil
}

// hasXattrs tries to keep a user extended attribute on a file in dir. A full disk
// does not tell, and must not change where a store keeps them.
func hasXattrs(dir string) bool {
	f, err := os.CreateTemp(dir, ".probe-*")
	if err == nil {
		err = errors.Join(xattr.FSet(f, "user.lossatlas", []byte("1")), f.Close(), os.Remove(f.Name()))
	}
	return err == nil || errors.Is(err, syscall.ENOSPC)
}
