package s3

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Config says which bucket of which S3-compatible store holds the results.
type Config struct {
	// Endpoint is host:port, without a scheme.
	Endpoint string `json:"endpoint"`
	// AccessKey and SecretKey are the account, with SessionToken where they are for a time. Without keys they
	// are looked for where Amazon's own tools do: in a credentials file, and with what the machine or the
	// pod that this runs on has a role for.
	AccessKey    string `json:"access_key"`
	SecretKey    string `json:"secret_key"`
	SessionToken string `json:"session_token,omitempty"`
	Bucket       string `json:"bucket"`
	// Region is needed by some stores; when empty the server is asked.
	Region string `json:"region,omitempty"`
	// TLS uses https instead of http. CAFile is a PEM file with the certificates that the server's is
	// checked by, next to the system's; empty for these alone.
	TLS    bool   `json:"tls,omitempty"`
	CAFile string `json:"ca_file,omitempty"`
	// HostStyle addresses the bucket as part of the host name (bucket.host), in place of the path (host/bucket),
	// which every server understands.
	HostStyle bool `json:"host_style,omitempty"`
	// Expect says that the server is a process of this machine, whose end breaks its connections: no request to it has a
	// time limit then. It is called at the beginning of each request, and the function that it returns at the end.
	Expect func() (answered func()) `json:"-"`
}

// check finds the errors that need no request to the server.
func (c Config) check() error {
	if strings.Contains(c.Endpoint, "://") {
		return fmt.Errorf("S3 endpoint %q: want host:port without a scheme; https is chosen by TLS", c.Endpoint)
	}
	if c.Endpoint == "" || strings.Contains(c.Endpoint, "/") {
		return fmt.Errorf("S3 endpoint %q: want host:port, such as 127.0.0.1:9000", c.Endpoint)
	}
	switch {
	case c.Bucket == "":
		return fmt.Errorf("S3 endpoint %s: no bucket given", c.Endpoint)
	case c.AccessKey == "" && c.SecretKey != "":
		return fmt.Errorf("S3 endpoint %s: no access key given", c.Endpoint)
	case c.AccessKey != "" && c.SecretKey == "":
		return fmt.Errorf("S3 endpoint %s: no secret key given", c.Endpoint)
	case c.CAFile != "" && !c.TLS:
		return fmt.Errorf("S3 endpoint %s: certificates are given, and the endpoint is not https", c.Endpoint)
	}
	return nil
}

// credentials are the given keys, or the keys found.
func (c Config) credentials() *credentials.Credentials {
	if c.AccessKey != "" {
		return credentials.NewStaticV4(c.AccessKey, c.SecretKey, c.SessionToken)
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.FileAWSCredentials{}, &credentials.IAM{Client: &http.Client{Timeout: roleTimeout}},
	})
}

// roleTimeout is how long the service that knows the roles of a machine may take. Most machines have no such service.
const roleTimeout = 3 * time.Second

var errNoKeys = errors.New("no access key is given, and no key was found")

// checkCredentials finds out whether there are any; without, the client would make requests that no one signs.
func (c Config) checkCredentials() error {
	v, err := c.credentials().GetWithContext(nil)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errNoKeys, err)
	case v.AccessKeyID == "":
		return errNoKeys
	}
	return nil
}

// transport makes the client's connections.
func (c Config) transport() (*http.Transport, error) {
	t, err := minio.DefaultTransport(c.TLS)
	if err != nil {
		return nil, fmt.Errorf("S3 endpoint %q: %w", c.Endpoint, err)
	}
	if c.Expect != nil {
		t.ResponseHeaderTimeout = 0
	}
	if c.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("the certificates for S3 endpoint %s can't be read: %w", c.Endpoint, err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil { // a machine without any
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", c.CAFile)
	}
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.RootCAs = roots
	return t, nil
}

// client leaves trailing checksums off, which break on plain http: uploads
// are covered by the SHA-256 in their signature instead.
func (c Config) client(attempts int, connections *http.Transport) (*minio.Core, error) {
	lookup := minio.BucketLookupPath
	if c.HostStyle {
		lookup = minio.BucketLookupDNS
	}
	transport := http.RoundTripper(connections)
	if c.Expect != nil {
		transport = expecting{connections, c.Expect}
	}
	core, err := minio.NewCore(c.Endpoint, &minio.Options{
		Creds:           c.credentials(),
		Secure:          c.TLS,
		Region:          c.Region,
		BucketLookup:    lookup,
		TrailingHeaders: false,
		MaxRetries:      attempts,
		Transport:       transport,
	})
	if err != nil {
		return nil, fmt.Errorf("S3 endpoint %q: %w", c.Endpoint, err)
	}
	return core, nil
}

// expecting announces each request to a server of this machine.
type expecting struct {
	http.RoundTripper
	expect func() func()
}

func (e expecting) RoundTrip(r *http.Request) (*http.Response, error) {
	defer e.expect()()
	return e.RoundTripper.RoundTrip(r)
}
