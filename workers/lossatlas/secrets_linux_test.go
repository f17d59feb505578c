package main_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"lossatlas/workers/internal/codec"
	"lossatlas/workers/internal/loopback"
)

// needles are a secret in every form in which it may have got somewhere: as it is, and in base64 at any offset.
func needles(secrets map[string]string) map[string][]byte {
	out := map[string][]byte{}
	for name, s := range secrets {
		out[name] = []byte(s)
		for shift := range 3 {
			e := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + s))
			out[name+" in base64"+strings.Repeat("'", shift)] = []byte(e[2*shift : len(e)-2]) // what the neighbours don't change
		}
	}
	return out
}

// leaks names the secrets in data, also in compressed parts of it.
func leaks(data []byte, secrets map[string][]byte) (found []string) {
	parts := [][]byte{data}
	for i := range len(data) - 1 {
		var r io.Reader
		var err error
		switch at := bytes.NewReader(data[i:]); {
		case data[i] == 0x1f && data[i+1] == 0x8b:
			r, err = gzip.NewReader(at)
		case data[i] == 0x78 && (int(data[i])<<8+int(data[i+1]))%31 == 0:
			r, err = zlib.NewReader(at)
		default:
			continue
		}
		if err == nil {
			part, _ := io.ReadAll(io.LimitReader(r, 64<<20)) // as far as it goes
			parts = append(parts, part)
		}
	}
	for name, s := range secrets {
		for _, p := range parts {
			if bytes.Contains(p, s) {
				found = append(found, name)
				break
			}
		}
	}
	return found
}

// TestSecretsStaySecret does a sweep on servers elsewhere, with all that is secret being distinctive and everything that
// there is to say being said, and is refused several times. No secret is in what was written then: output, logs, the
// store with its pictures and reports, the server's database, and histories with all that is encrypted in them.
func TestSecretsStaySecret(t *testing.T) {
	a := newApart(t)
	known := newAuthority(t, "known")
	keys := filepath.Join(t.TempDir(), "keys") // not where secrets are looked for
	if _, stderr, code := invoke(t, filepath.Join(a.dir, "user"), "codec", "key", keys); code != 0 {
		t.Fatal(stderr)
	}
	line, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	const apiKey, token = "api-key-of-narwhal-7421", "session-token-of-axolotl-9035"
	codecKey := strings.Fields(string(line))[1]
	raw, err := base64.StdEncoding.DecodeString(codecKey)
	if err != nil {
		t.Fatal(err)
	}
	secrets := needles(map[string]string{"the S3 secret key": secretKey, "the session token": token, "the API key": apiKey, "the codec key": codecKey, "the bytes of the codec key": string(raw)})
	for _, planted := range [][]byte{[]byte("key=" + secretKey), []byte(base64.StdEncoding.EncodeToString([]byte(`{"k":"` + secretKey + `"}`)))} {
		var packed bytes.Buffer
		packed.WriteString("text before")
		w := zlib.NewWriter(&packed)
		if _, err := w.Write(planted); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		if len(leaks(planted, secrets)) == 0 || len(leaks(packed.Bytes(), secrets)) == 0 {
			t.Fatalf("a secret in %s is not found", planted)
		}
	}

	guarded := front(t, toTemporal(loopback.Address(a.temporalPort), func(r *http.Request) bool { return r.Header.Get("Authorization") != "Bearer "+apiKey }),
		&tls.Config{Certificates: []tls.Certificate{known.server(t, "127.0.0.1", time.Hour)}})
	store := "http://" + front(t, toStore(loopback.Address(a.s3Port), func(r *http.Request) { // no server here knows keys for a time
		if r.Header.Get("X-Amz-Security-Token") == token && strings.Contains(r.Header.Get("Authorization"), accessKey) {
			sign(r, 0)
		}
	}), nil)
	said := 0
	program := func(home string, args ...string) *exec.Cmd {
		cmd := command(context.Background(), filepath.Join(a.dir, home), append(append([]string{}, args[0], "--log-level", "debug", "--output", "json", "--codec-keys", keys,
			"--temporal-address", guarded, "--s3-endpoint", store), args[1:]...)...)
		cmd.Env = append(cmd.Env, "LOSSATLAS_S3_ACCESS_KEY="+accessKey, "LOSSATLAS_S3_SECRET_KEY="+secretKey, "LOSSATLAS_S3_SESSION_TOKEN="+token,
			"TEMPORAL_API_KEY="+apiKey, "TEMPORAL_TLS_SERVER_CA_CERT_PATH="+known.file)
		return cmd
	}
	call := func(want int, args ...string) {
		t.Helper()
		said++
		out, err := os.Create(filepath.Join(a.dir, "said-"+string(rune('a'+said))))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		cmd := program("user", args...)
		cmd.Stdout, cmd.Stderr = out, out
		_ = cmd.Run() // how it ended is in its state
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Errorf("%v ended with %d, want %d: %s", args, code, want, lastLine(out.Name()))
		}
	}
	worker := start(t, "worker", a.dir, func() *exec.Cmd { return program("worker", "worker") }, nil)
	worker.awaitWord(t, "serving the task queues")
	file := writeSweep(t, storeSweep)
	call(0, "run", file)
	for _, args := range [][]string{{"show", "kept"}, {"status"}, {"explain", "kept/kept/train/weights"}, {"artifacts", "verify"}} {
		call(0, args...)
	}
	call(0, "export", "sweep", "kept", filepath.Join(a.dir, "exported"))
	others := filepath.Join(t.TempDir(), "others")
	if err := os.WriteFile(others, []byte(strings.Replace(string(line), " ", " x", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--s3-endpoint", "http://" + loopback.Address(1)}, {"--s3-endpoint", "https://" + loopback.Address(a.s3Port)}, {"--s3-access-key", "nobody"}, {"--s3-endpoint", "http://" + loopback.Address(a.s3Port)},
		{"--temporal-address", loopback.Address(1)}, {"--temporal-address", loopback.Address(a.temporalPort)}, {"--temporal-namespace", "nowhere"},
	} {
		call(1, append([]string{"run", file}, args...)...)
	}
	call(2, "run", file, "--codec-keys", others)
	call(2, "run", file, "--s3-endpoint", "http://"+accessKey+":"+secretKey+"@"+loopback.Address(a.s3Port))

	opened, err := codec.Read(keys)
	if err != nil {
		t.Fatal(err)
	}
	var seen kept
	if err := seen.look(t.Context(), a.dial(t), "", true); err != nil {
		t.Fatal(err)
	}
	plain, err := opened.Decode(seen.payloads())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plain {
		if found := leaks(p.GetData(), secrets); len(found) > 0 {
			t.Errorf("%v in a payload: %.200s", found, p.GetData())
		}
	}
	for _, m := range seen.messages {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if found := leaks(b, secrets); len(found) > 0 {
			t.Errorf("%v in what Temporal says: %.200s", found, m)
		}
	}
	files, bytes := 0, int64(0)
	err = filepath.WalkDir(a.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files, bytes = files+1, bytes+int64(len(b))
		if found := leaks(b, secrets); len(found) > 0 {
			t.Errorf("%v in %s", found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("looked into %d payloads, %d messages and %d files of %d bytes", len(plain), len(seen.messages), files, bytes)
}
