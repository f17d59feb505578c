package codec_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"lossatlas/workers/internal/codec"
)

// TestHandler: Temporal's own client of remote codecs decrypts by it, and only those who may.
func TestHandler(t *testing.T) {
	const ui = "https://temporal.example.com"
	c := read(t, keyLine("a", 1))
	p := encode(t, c, "text")
	srv := httptest.NewServer(c.Handler(codec.HandlerOptions{Origins: []string{ui}, Token: "0123456789abcdef"}))
	defer srv.Close()
	for _, x := range []struct{ path, origin, auth, fails string }{
		{"", "", "Bearer 0123456789abcdef", ""},
		{"/lossatlas", ui, "Bearer 0123456789abcdef", ""},
		{"", "https://evil.example.com", "Bearer 0123456789abcdef", "not admitted"},
		{"", ui, "Bearer 0123456789abcdeg", "token is required"},
		{"", "", "0123456789abcdef", "token is required"},
		{"", "", "", "token is required"},
	} {
		remote := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{Endpoint: srv.URL + x.path, ModifyRequest: func(r *http.Request) error {
			r.Header.Set("Authorization", x.auth)
			if x.origin != "" {
				r.Header.Set("Origin", x.origin)
			}
			return nil
		}})
		out, err := remote.Decode(p.GetPayloads())
		switch {
		case x.fails != "" && (err == nil || !strings.Contains(err.Error(), x.fails)):
			t.Errorf("%+v: %v", x, err)
		case x.fails == "" && (err != nil || string(out[0].GetData()) != `"text"`):
			t.Errorf("%+v: %v, %v", x, out, err)
		}
	}
}

// TestHandlerLeavesWhatItCannotRead: one payload with another key does not hide the others.
func TestHandlerLeavesWhatItCannotRead(t *testing.T) {
	c := read(t, keyLine("a", 1))
	srv := httptest.NewServer(c.Handler(codec.HandlerOptions{}))
	defer srv.Close()
	other := encode(t, read(t, keyLine("b", 2)), "other").GetPayloads()[0]
	out, err := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{Endpoint: srv.URL}).Decode([]*common.Payload{other, encode(t, c, "text").GetPayloads()[0]})
	if err != nil || !proto.Equal(out[0], other) || string(out[1].GetData()) != `"text"` {
		t.Errorf("%v, %v", out, err)
	}
}

// TestHandlerForBrowsers: the questions that a browser asks before.
func TestHandlerForBrowsers(t *testing.T) {
	const ui = "https://temporal.example.com"
	h := read(t, keyLine("a", 1)).Handler(codec.HandlerOptions{Origins: []string{ui}})
	for _, x := range []struct {
		method, path, origin string
		status               int
		allowed              string
	}{
		{http.MethodOptions, "/decode", ui, http.StatusNoContent, ui},
		{http.MethodOptions, "/decode", "null", http.StatusForbidden, ""},
		{http.MethodOptions, "/decode", ui + ".evil.com", http.StatusForbidden, ""},
		{http.MethodPost, "http://evil.example/decode", "http://evil.example", http.StatusForbidden, ""}, // a name that was made to point here
		{http.MethodPost, "/decode", ui, http.StatusBadRequest, ui},                                      // it has no payloads
		{http.MethodPost, "/keys", ui, http.StatusNotFound, ui},
		{http.MethodGet, "/decode", ui, http.StatusNotFound, ui},
		{http.MethodGet, "/healthz", "", http.StatusOK, ""},
	} {
		r := httptest.NewRequest(x.method, x.path, strings.NewReader("no json"))
		if x.origin != "" {
			r.Header.Set("Origin", x.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Body)
		if w.Code != x.status || w.Header().Get("Access-Control-Allow-Origin") != x.allowed {
			t.Errorf("%+v: status %d, for origin %q: %s", x, w.Code, w.Header().Get("Access-Control-Allow-Origin"), body)
		}
	}
}
