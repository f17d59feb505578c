package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"

	"lossatlas/artifacts/objects"
)

// fail turns an error of the client library into one for people.
func (b *Bucket) fail(op, object string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return objects.Ended(op, object, b.where, err)
	}
	e := &objects.Error{Op: op, Object: object, Where: b.where, Err: err}
	var response minio.ErrorResponse
	if errors.As(err, &response) {
		e.Advice, e.Kind = kindOf(response)
		if e.Kind == nil {
			e.Err = fmt.Errorf("the server answered %s (HTTP status %d): %w", response.Code, response.StatusCode, err)
		}
		return e
	}
	if errors.Is(err, errNoKeys) {
		e.Kind, e.Advice = objects.ErrCredentials, "give an access key and a secret key, or a profile in ~/.aws/credentials, or run where the machine has a role"
		return e
	}
	if advice := certificateAdvice(err); advice != "" {
		e.Kind, e.Advice = objects.ErrCertificate, advice
		return e
	}
	var request *url.Error
	var network net.Error
	// A body that ends before its announced length is no damage: the connection was lost.
	if errors.As(err, &request) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.Kind = objects.ErrUnreachable
		e.Advice = "is the server running, and is this its address? Start it, or point the S3 endpoint elsewhere"
	}
	return e
}

// certificateAdvice is what to do about an error of TLS, "" for any other.
func certificateAdvice(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		return "name the certificates that the server's is signed by, or check that this is the server"
	case errors.As(err, &name):
		return "use the name that the server's certificate is for"
	case errors.As(err, &invalid):
		return "the server's certificate has to be renewed, or this machine's clock to be set"
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return "the server uses http without TLS; write http:// to accept that"
	}
	return ""
}

// kindOf sorts a server's answer, by its code where S3 defines one and by its
// HTTP status otherwise (the answer to a HEAD request has no body, hence no code).
func kindOf(r minio.ErrorResponse) (advice string, kind error) {
	switch r.Code {
	case "NoSuchKey":
		return "", objects.ErrNotFound
	case "NoSuchBucket":
		return "it existed when the store was opened and has been removed since", objects.ErrNoBucket
	case "SignatureDoesNotMatch":
		return "check the secret key", objects.ErrCredentials
	case "InvalidAccessKeyId", "XAdminUserNotFound": // the latter is versitygw's word for it
		return "check the access key", objects.ErrCredentials
	case "InvalidToken", "ExpiredToken", "TokenRefreshRequired":
		return "get new credentials", objects.ErrCredentials
	case "RequestTimeTooSkewed":
		return "set this machine's clock, or the server's", objects.ErrClockSkew
	case "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded":
		return "free space on the server's disk or raise the quota: a running sweep then resumes by itself; repeat any other command", objects.ErrNoSpace
	case folderThere:
		return "a folder lies in the object's place on the server's disk: remove it; `lossatlas artifacts verify` moves its content to quarantine/", nil
	case "NotImplemented":
		return "the server must support conditional puts (If-None-Match, If-Match)", objects.ErrUnsupported
	}
	if r.StatusCode == http.StatusBadRequest && strings.Contains(r.Message, "HTTPS") { // in the words of Go's servers and of nginx
		return "the server requires TLS; write https://", objects.ErrCertificate
	}
	switch r.StatusCode {
	case http.StatusInsufficientStorage:
		return "free space on the server's disk or raise the quota: a running sweep then resumes by itself; repeat any other command", objects.ErrNoSpace
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return "the server is busy, or about to start or to stop", objects.ErrUnreachable
	case http.StatusUnauthorized:
		return "check access key and secret key", objects.ErrCredentials
	case http.StatusForbidden:
		return "the credentials need permission to list the bucket (and to make it when it is absent), and to get, put and delete its objects", objects.ErrAccessDenied
	}
	return "", nil
}

// lost reports whether the answer means that a put's condition didn't hold:
// 412 plainly, 409 when a competing put is still under way, and 404 when the
// object that should have been unchanged is gone.
func lost(r minio.ErrorResponse) bool {
	switch r.Code {
	case "PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "NoSuchKey":
		return true
	}
	return r.StatusCode == http.StatusPreconditionFailed
}
