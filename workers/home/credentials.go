package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"os"

	"lossatlas/workers/internal/identity"
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

// Identity returns the certificate and key of the home's Temporal server and its clients, as PEM. They are made the first
// time and kept with mode 0600, so that clients can go on when the server was started again.
func (h *Home) Identity() ([]byte, error) {
	path := h.Path("tls.pem")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		fresh, err := identity.New()
		if err != nil {
			return nil, err
		}
		if err := h.createFile(path, fresh); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	pem, err := os.ReadFile(path)
	if err == nil {
		_, err = identity.Client(pem)
	}
	if err != nil {
		return nil, fmt.Errorf("read the certificate %s: %w; delete the file and a new one is made at the next start", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, h.explain("protect the certificate in the home", err)
	}
	return pem, nil
}

// Doorway writes a page, with mode 0600, that leads a browser to a link with a token, and returns its path. The arguments
// of a process, where the link would be otherwise, can be read by other users.
func (h *Home) Doorway(name, link string) (path string, err error) {
	if _, err := h.Folder("links"); err != nil {
		return "", err
	}
	path = h.Path("links", name+".html")
	return path, h.replaceFile(path, []byte(`<!DOCTYPE html><meta http-equiv="refresh" content="0; url=`+html.EscapeString(link)+`">`+"\n"))
}
