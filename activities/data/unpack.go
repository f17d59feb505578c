package data

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxMember bounds one unpacked file: the official ones have 30,730,000 bytes.
const maxMember = 64 << 20

// maxUnpacked bounds all that is read of an archive: the official one has 184,380,000 bytes.
const maxUnpacked = 16 * maxMember

// unpack writes the known files of a gzipped tar archive into a new folder.
// Only base names of a fixed list are written, so no member can reach outside,
// and all files of records must be there and sound.
func (l *layout) unpack(archive, dir string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for members := tar.NewReader(io.LimitReader(zip, maxUnpacked)); ; {
		head, err := members.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name := path.Base(strings.ReplaceAll(head.Name, `\`, "/"))
		if head.Typeflag != tar.TypeReg || !slices.Contains(l.names(), name) && !slices.Contains(l.extra, name) {
			continue
		}
		if head.Size > maxMember {
			return fmt.Errorf("%s has %d bytes, expected at most %d", head.Name, head.Size, maxMember)
		}
		if err := writeFile(filepath.Join(dir, name), members); err != nil {
			return err
		}
	}
	for _, name := range l.names() {
		_, err := l.stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the archive lacks %s", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a new file and forces it to the disk, so that the rename
// that follows never exposes a file without its content after a power cut.
func writeFile(path string, r io.Reader) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return errors.Join(err, out.Sync(), out.Close())
}
