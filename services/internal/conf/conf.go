// Package conf reads the settings of `songshui run` from the environment: the only place that knows the variables' names.
// Every secret can be given as a file (…_FILE), which is how compose and Kubernetes hand them over. A missing or wrong
// setting is one clear line that names the variable.
package conf

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// The variables.
const (
	Listen    = "SONGSHUI_LISTEN"
	NATSURL   = "SONGSHUI_NATS_URL"
	NATSCreds = "SONGSHUI_NATS_CREDS"
	// NATSMonitorURL is optional: the server's monitoring address, such as http://nats:8222, where start-up reads whether it syncs before it acknowledges.
	NATSMonitorURL = "SONGSHUI_NATS_MONITOR_URL"
	S3Endpoint     = "SONGSHUI_S3_ENDPOINT"
	S3AccessKey    = "SONGSHUI_S3_ACCESS_KEY"
	S3SecretKey    = "SONGSHUI_S3_SECRET_KEY"
	MeiliURL       = "SONGSHUI_MEILI_URL"
	MeiliKey       = "SONGSHUI_MEILI_KEY"
	MediaURL       = "SONGSHUI_MEDIA_URL"
	MediaListen    = "SONGSHUI_MEDIA_LISTEN"
	// MediaQuota is optional: how many GiB of originals one office may keep.
	MediaQuota = "SONGSHUI_MEDIA_QUOTA"
	// Lists is optional: a directory with an operator's own offices, outlets, campaigns, rules and days off.
	Lists = "SONGSHUI_LISTS"
	// SecureCookies is optional: true where browsers come by https only, which sessions then want.
	SecureCookies = "SONGSHUI_SECURE_COOKIES"
	ActorKey      = "SONGSHUI_ACTOR_KEY"
	ActorPubkey   = "SONGSHUI_ACTOR_PUBKEY"
)

// ErrSetting says that a setting is missing or wrong; the text names the variable.
var ErrSetting = errors.New("setting")

// Env reads variables; the zero value reads the process's.
type Env struct {
	// Lookup defaults to os.LookupEnv.
	Lookup func(string) (string, bool)
	errs   []error
}

func (e *Env) lookup(name string) (string, bool) {
	if e.Lookup == nil {
		return os.LookupEnv(name)
	}
	return e.Lookup(name)
}

// Err gives everything that was missing or wrong, one line each; nil if nothing was.
func (e *Env) Err() error { return errors.Join(e.errs...) }

func (e *Env) wrong(name, why string) {
	e.errs = append(e.errs, fmt.Errorf("%w %s: %s", ErrSetting, name, why))
}

// Optional gives a variable, or what its …_FILE names, or otherwise.
func (e *Env) Optional(name, otherwise string) string {
	if v, ok := e.lookup(name); ok && v != "" {
		return v
	}
	file, ok := e.lookup(name + "_FILE")
	if !ok || file == "" {
		return otherwise
	}
	b, err := os.ReadFile(file)
	if err != nil {
		e.wrong(name+"_FILE", err.Error())
		return otherwise
	}
	return strings.TrimSpace(string(b))
}

// Required gives a variable and notes a missing one.
func (e *Env) Required(name string) string {
	v := e.Optional(name, "")
	if v == "" && !e.noted(name+"_FILE") {
		e.wrong(name, "is missing")
	}
	return v
}

func (e *Env) noted(name string) bool {
	for _, err := range e.errs {
		if strings.HasPrefix(err.Error(), ErrSetting.Error()+" "+name+":") {
			return true
		}
	}
	return false
}

// URL gives a required variable as an address with one of the schemes.
func (e *Env) URL(name string, schemes ...string) *url.URL {
	v := e.Required(name)
	if v == "" {
		return nil
	}
	return e.address(name, v, schemes)
}

// OptionalURL gives a variable as an address with one of the schemes; nil if it is missing.
func (e *Env) OptionalURL(name string, schemes ...string) *url.URL {
	v := e.Optional(name, "")
	if v == "" {
		return nil
	}
	return e.address(name, v, schemes)
}

func (e *Env) address(name, v string, schemes []string) *url.URL {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" {
		e.wrong(name, fmt.Sprintf("%q is no address such as %s://host:port", v, schemes[0]))
		return nil
	}
	for _, s := range schemes {
		if u.Scheme == s {
			return u
		}
	}
	e.wrong(name, fmt.Sprintf("%q must begin with one of %s", v, strings.Join(schemes, ", ")))
	return nil
}

// OptionalGiB gives a variable, a whole number of GiB above 0, in bytes; 0 if it is missing.
func (e *Env) OptionalGiB(name string) int64 {
	v := e.Optional(name, "")
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 1 {
		e.wrong(name, fmt.Sprintf("%q is no whole number of GiB", v))
		return 0
	}
	return n << 30
}

// OptionalBool gives a variable that says true or false; false if it is missing.
func (e *Env) OptionalBool(name string) bool {
	v := e.Optional(name, "false")
	b, err := strconv.ParseBool(v)
	if err != nil {
		e.wrong(name, fmt.Sprintf("%q is neither true nor false", v))
	}
	return b
}

// SigningKey gives portal's private key: base64 of an Ed25519 seed (32 bytes).
func (e *Env) SigningKey() ed25519.PrivateKey {
	seed := e.bytes(ActorKey, ed25519.SeedSize)
	if seed == nil {
		return nil
	}
	return ed25519.NewKeyFromSeed(seed)
}

// PublicKey gives portal's public key, base64 (32 bytes).
func (e *Env) PublicKey() ed25519.PublicKey { return e.bytes(ActorPubkey, ed25519.PublicKeySize) }

func (e *Env) bytes(name string, size int) []byte {
	v := e.Required(name)
	if v == "" {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(v)
	if err != nil || len(b) != size {
		e.wrong(name, fmt.Sprintf("must be base64 of %d bytes", size))
		return nil
	}
	return b
}
