package conf_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"songshui.internal/services/internal/conf"
)

func env(m map[string]string) *conf.Env {
	return &conf.Env{Lookup: func(k string) (string, bool) { v, ok := m[k]; return v, ok }}
}

func TestMissingSettingsAreNamed(t *testing.T) {
	t.Parallel()
	e := env(map[string]string{conf.MeiliURL: "meili:7700"})
	e.Required(conf.S3SecretKey)
	e.URL(conf.NATSURL, "nats", "tls")
	e.URL(conf.MeiliURL, "http", "https")
	e.PublicKey()
	lines := strings.Split(e.Err().Error(), "\n")
	for i, want := range []string{conf.S3SecretKey, conf.NATSURL, conf.MeiliURL, conf.ActorPubkey} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Errorf("line %d of %q doesn't name %s", i, lines, want)
		}
	}
}

func TestOptionalURL(t *testing.T) {
	t.Parallel()
	e := env(map[string]string{conf.NATSMonitorURL: "http://nats:8222", conf.MeiliURL: "nats:8222"})
	if u := e.OptionalURL(conf.NATSMonitorURL, "http", "https"); u == nil || u.Host != "nats:8222" {
		t.Errorf("given: %v", u)
	}
	if u := e.OptionalURL(conf.MediaURL, "http"); u != nil || e.Err() != nil {
		t.Errorf("missing: %v, %v", u, e.Err())
	}
	if u := e.OptionalURL(conf.MeiliURL, "http"); u != nil || e.Err() == nil || !strings.Contains(e.Err().Error(), conf.MeiliURL) {
		t.Errorf("wrong: %v, %v", u, e.Err())
	}
}

func TestOptionalValues(t *testing.T) {
	t.Parallel()
	e := env(map[string]string{conf.MediaQuota: "50", conf.SecureCookies: "true"})
	if n, b := e.OptionalGiB(conf.MediaQuota), e.OptionalBool(conf.SecureCookies); n != 50<<30 || !b || e.Err() != nil {
		t.Errorf("given: %d, %v, %v", n, b, e.Err())
	}
	e = env(nil)
	if n, b := e.OptionalGiB(conf.MediaQuota), e.OptionalBool(conf.SecureCookies); n != 0 || b || e.Err() != nil {
		t.Errorf("missing: %d, %v, %v", n, b, e.Err())
	}
	for _, wrong := range []string{"0", "-1", "1.5", "50G"} {
		e = env(map[string]string{conf.MediaQuota: wrong, conf.SecureCookies: "yes!"})
		e.OptionalGiB(conf.MediaQuota)
		e.OptionalBool(conf.SecureCookies)
		if err := e.Err(); err == nil || !strings.Contains(err.Error(), conf.MediaQuota) || !strings.Contains(err.Error(), conf.SecureCookies) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestSecretFromFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := env(map[string]string{conf.S3SecretKey + "_FILE": file, conf.MeiliKey + "_FILE": file + ".none"})
	if got := e.Required(conf.S3SecretKey); got != "s3cret" {
		t.Errorf("got %q", got)
	}
	e.Required(conf.MeiliKey)
	if err := e.Err(); err == nil || !strings.Contains(err.Error(), conf.MeiliKey+"_FILE") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a file that can't be read gives %v", err)
	}
}
