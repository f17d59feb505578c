package codec

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

// maxBody is the maximum size of a request in bytes, more than that of an answer of Temporal.
const maxBody = 32 << 20

// HandlerOptions restrict the use of a remote codec.
type HandlerOptions struct {
	// Origins are the addresses of the Temporal UIs, such as https://temporal.example.com, whose pages are admitted. Programs,
	// which send no origin, are admitted, too.
	Origins []string
	// Token is the required bearer token, or "".
	Token string
}

// Handler serves a remote codec for the Temporal UI and command line: POST /encode and /decode, below any path, and GET
// /healthz. Payloads that it has no key for are passed on.
func (c *Codec) Handler(o HandlerOptions) http.Handler {
	remote := http.MaxBytesHandler(converter.NewPayloadCodecHTTPHandler(lenient{c}), maxBody)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if r.Method == http.MethodGet && r.URL.Path == "/healthz" {
			_, _ = w.Write([]byte("ok\n"))
			return
		}
		h.Set("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" {
			if !slices.Contains(o.Origins, origin) {
				http.Error(w, "pages of this origin are not admitted: --ui-origin names the admitted origins", http.StatusForbidden)
				return
			}
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "POST")
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace")
				h.Set("Access-Control-Allow-Private-Network", "true")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		if !o.admits(r) {
			h.Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a bearer token is required", http.StatusUnauthorized)
			return
		}
		remote.ServeHTTP(w, r)
	})
}

// lenient decrypts a history as far as possible; some payloads may have another key.
type lenient struct{ *Codec }

// Decode decrypts payloads, and passes undecryptable ones on unchanged.
func (l lenient) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	out := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		if one, err := l.Codec.Decode([]*common.Payload{p}); err == nil {
			out[i] = one[0]
		} else {
			out[i] = p
		}
	}
	return out, nil
}

// admits reports whether a request has the token, in constant time.
func (o HandlerOptions) admits(r *http.Request) bool {
	if o.Token == "" {
		return true
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(o.Token))
	return ok && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
