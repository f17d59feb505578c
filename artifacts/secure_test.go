package artifacts_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
)

// https puts TLS in front of a server, with a certificate of its own. ca is a file that holds it.
func https(t *testing.T, s *server) (cfg artifacts.Config, ca string) {
	t.Helper()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: s.addr})
		r.Out.Host = r.In.Host // which is signed
	}}
	front := httptest.NewUnstartedServer(proxy)
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of those who don't know it
	front.StartTLS()
	t.Cleanup(front.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg = s.config()
	cfg.Endpoint, cfg.TLS = strings.TrimPrefix(front.URL, "https://"), true
	return cfg, ca
}

// TestSecure: a store behind TLS serves those who know its certificate, and tells everybody else what is wrong.
func TestSecure(t *testing.T) {
	s := serve(t)
	cfg, ca := https(t, s)
	nothing := filepath.Join(t.TempDir(), "nothing.pem")
	if err := os.WriteFile(nothing, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		spoil func(*artifacts.Config)
		kind  error
		says  string
	}{
		{"unknown certificate", func(c *artifacts.Config) {}, artifacts.ErrCertificate, "signed by"},
		{"another name", func(c *artifacts.Config) {
			c.CAFile, c.Endpoint = ca, strings.Replace(c.Endpoint, "127.0.0.1", "localhost", 1)
		}, artifacts.ErrCertificate, "the name"},
		{"a file without certificates", func(c *artifacts.Config) { c.CAFile = nothing }, nil, "no certificate in PEM form"},
		{"no file", func(c *artifacts.Config) { c.CAFile = nothing + "x" }, nil, "can't be read"},
		{"certificates for http", func(c *artifacts.Config) { c.TLS, c.CAFile = false, ca }, nil, "not https"},
	} {
		bad := cfg
		c.spoil(&bad)
		_, err := artifacts.Open(t.Context(), bad, zerolog.Nop())
		if err == nil || c.kind != nil && !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), secretKey) {
			t.Errorf("%s: %v, want %v and %q", c.name, err, c.kind, c.says)
		}
	}
	cfg.CAFile = ca
	store, err := artifacts.Open(t.Context(), cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	data := pseudoRandom(1, 1<<20)
	blob, err := store.Put(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := store.Get(t.Context(), blob.Digest); err != nil || len(got) != len(data) {
		t.Errorf("read back %d bytes, %v", len(got), err)
	}
}

// TestFoundCredentials: without keys the store looks for them where Amazon's tools do.
func TestFoundCredentials(t *testing.T) {
	cfg := serve(t).config()
	key, secret := cfg.AccessKey, cfg.SecretKey
	cfg.AccessKey, cfg.SecretKey = "", ""
	role := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"AccessKeyId": %q, "SecretAccessKey": %q, "Token": "", "Expiration": "2099-01-01T00:00:00Z"}`, key, secret)
	}))
	defer role.Close()
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, fmt.Appendf(nil, "[team]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key, secret), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  map[string]string
		kind error
	}{
		{"a profile", map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "team"}, nil},
		{"a container's role", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": role.URL}, nil},
		{"a role that is not there", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1"}, artifacts.ErrCredentials},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			if _, err := artifacts.Open(t.Context(), cfg, zerolog.Nop()); !errors.Is(err, c.kind) || c.kind != nil && !strings.Contains(err.Error(), "~/.aws/credentials") {
				t.Errorf("%v, want %v", err, c.kind)
			}
		})
	}
}

// TestAccess: what a store does not allow or support is found before any work is begun, all of it, and
// nothing is left behind where nothing is wrong.
func TestAccess(t *testing.T) {
	s := serve(t)
	target := &url.URL{Scheme: "http", Host: s.addr}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	var refuse func(*http.Request) string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if code := refuse(r); code == "OK" {
			w.Header().Set("ETag", `"1"`)
		} else if code != "" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `<Error><Code>%s</Code></Error>`, code)
		} else {
			proxy.ServeHTTP(w, r)
		}
	}))
	defer front.Close()
	cfg := s.config()
	cfg.Endpoint = strings.TrimPrefix(front.URL, "http://")
	cfg.Bucket = "access"
	object := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/parts/") }
	for _, c := range []struct {
		name                string
		refuse              func(*http.Request) string
		denied, unsupported int
		says                string
	}{
		{"all is well", func(*http.Request) string { return "" }, 0, 0, ""},
		{"full", func(r *http.Request) string {
			if object(r) && r.Method == http.MethodPut {
				return "QuotaExceeded"
			}
			return ""
		}, 0, 0, ""},
		{"read only", func(r *http.Request) string {
			if object(r) && r.Method != http.MethodGet {
				return "AccessDenied"
			}
			return ""
		}, 2, 0, "put objects, nor delete objects"},
		{"never deletes", func(r *http.Request) string {
			if r.Method == http.MethodDelete {
				return "AccessDenied"
			}
			return ""
		}, 1, 0, "may not delete objects"},
		{"takes no notice of conditions", func(r *http.Request) string {
			if r.Method == http.MethodPut && object(r) && r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != "" {
				return "OK"
			}
			return ""
		}, 0, 2, "If-None-Match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			refuse = func(*http.Request) string { return "" }
			store, err := artifacts.Open(t.Context(), cfg, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			refuse = c.refuse
			err = store.CheckAccess(t.Context())
			var access *artifacts.AccessError
			if c.denied+c.unsupported == 0 {
				if parts, e := store.Parts(t.Context(), artifacts.Key(artifacts.Of([]byte("access")))); err != nil || e != nil || len(parts) > 0 {
					t.Errorf("%v; left behind: %v, %v", err, parts, e)
				}
				return
			}
			if !errors.As(err, &access) || len(access.Denied) != c.denied || len(access.Unsupported) != c.unsupported || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %d denied, %d unsupported, and %q", err, c.denied, c.unsupported, c.says)
			}
			if errors.Is(err, artifacts.ErrAccessDenied) != (c.denied > 0) || errors.Is(err, artifacts.ErrUnsupported) != (c.unsupported > 0) {
				t.Errorf("%v is of the wrong kind", err)
			}
		})
	}
}
