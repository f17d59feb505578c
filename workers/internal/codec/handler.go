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

// maxBody is more than Temporal puts into one answer.
const maxBody = 32 << 20

// HandlerOptions say who may use a remote codec.
type HandlerOptions struct {
	// Origins are the addresses of Temporal UIs, such as https://temporal.example.com, whose pages may ask. Other
	// pages may not; programs, which name no origin, may.
	Origins []string
	// Token is what everybody must send as a bearer token; "" asks for none.
	Token string
}

// Handler serves a remote codec for the Temporal UI and command line: POST /encode and /decode, below any path, and
// GET /healthz. What it has no key for stays as it is, among the rest of a history.
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
				http.Error(w, "pages of this origin may not ask: --ui-origin names those that may", http.StatusForbidden)
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
			http.Error(w, "a bearer token is needed", http.StatusUnauthorized)
			return
		}
		remote.ServeHTTP(w, r)
	})
}

// lenient decrypts what it can: who asks wants to see a history, of which some may have been written with another key.
type lenient struct{ *Codec }

// Decode decrypts payloads, and leaves those as they are that it can't read.
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

// admits compares digests, which takes as long for any token.
func (o HandlerOptions) admits(r *http.Request) bool {
	if o.Token == "" {
		return true
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(o.Token))
	return ok && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
