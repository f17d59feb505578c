package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

type credentials struct {
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
}

// Credentials returns the keys of the home's S3 endpoint. They are drawn from
// the system's random source the first time (130 bits and more each) and kept
// with mode 0600; processes that ask at the same time get the same ones.
func (h *Home) Credentials() (access, secret string, err error) {
	path := h.Path("credentials.json")
	fresh := credentials{AccessKey: rand.Text(), SecretKey: rand.Text() + rand.Text()}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := h.createFile(path, encode(fresh)); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", "", err
		}
	}
	var c credentials
	if err := readJSON(path, &c); err != nil {
		return "", "", fmt.Errorf("read the credentials: %w; delete the file and new ones are made at the next start", err)
	}
	if c.AccessKey == "" || c.SecretKey == "" {
		return "", "", fmt.Errorf("read the credentials: %s lacks access_key or secret_key; delete the file and new ones are made at the next start", path)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return "", "", h.explain("protect the credentials in the home", err)
	}
	return c.AccessKey, c.SecretKey, nil
}
