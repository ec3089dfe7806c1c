package jupyter

import (
	"encoding/json"
	"errors"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dtnotes/kernel/cell"
)

func TestInstall(t *testing.T) {
	prefix := t.TempDir()
	o := InstallOptions{Prefix: prefix, Program: "/opt/dtnotes"}
	for range 2 { // the second time over the first
		dir, err := Install(o)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(prefix, "share", "jupyter", "kernels", "dtnotes"); dir != want {
			t.Errorf("installed in %s, want %s", dir, want)
		}
		raw, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
		if err != nil {
			t.Fatal(err)
		}
		var s spec
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		if strings.Join(s.Argv, " ") != "/opt/dtnotes kernel -f {connection_file}" || s.DisplayName != "Go (dtnotes)" || s.Language != "go" || s.InterruptMode != "message" {
			t.Errorf("kernel.json: %s", raw)
		}
		for name, size := range map[string]int{"logo-32x32.png": 32, "logo-64x64.png": 64} {
			f, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(f)
			f.Close()
			if err != nil || img.Bounds().Dx() != size || img.Bounds().Dy() != size {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "logo-svg.svg")); err != nil {
			t.Error(err)
		}
	}
	if _, err := Uninstall(o); err != nil {
		t.Error(err)
	}
	if _, err := Uninstall(o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("uninstalling twice: %v", err)
	}
}

func TestInstallPlaces(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("VIRTUAL_ENV", filepath.Join(home, "venv"))
	for _, tt := range []struct {
		o    InstallOptions
		env  string
		want string
	}{
		{InstallOptions{}, "", filepath.Join(home, ".local/share/jupyter/kernels/dtnotes")},
		{InstallOptions{}, filepath.Join(home, "data"), filepath.Join(home, "data/kernels/dtnotes")},
		{InstallOptions{SysPrefix: true, Name: "go-2"}, "", filepath.Join(home, "venv/share/jupyter/kernels/go-2")},
	} {
		t.Setenv("JUPYTER_DATA_DIR", tt.env)
		if dir, err := tt.o.dir(); err != nil || dir != tt.want {
			t.Errorf("%+v: %s, %v; want %s", tt.o, dir, err, tt.want)
		}
	}
}

func TestInstallCopiesAProgramThatWillBeDeleted(t *testing.T) {
	dir, err := Install(InstallOptions{Prefix: t.TempDir()}) // the test program is one
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "dtnotes"))
	for _, ext := range []string{".test", ".exe"} {
		if err != nil {
			info, err = os.Stat(filepath.Join(dir, "dtnotes"+ext))
		}
	}
	if err != nil || info.Mode().Perm()&0o111 == 0 {
		t.Errorf("the copy: %v, %v", info, err)
	}
}

func TestInstallRefuses(t *testing.T) {
	prefix := t.TempDir()
	dir := filepath.Join(prefix, "share", "jupyter", "kernels")
	for name, content := range map[string]string{"python3": `{"argv":["python"],"language":"python"}`, "broken": `{`} {
		os.MkdirAll(filepath.Join(dir, name), 0o755)
		os.WriteFile(filepath.Join(dir, name, "kernel.json"), []byte(content), 0o644)
	}
	os.MkdirAll(filepath.Join(dir, "other", "folder"), 0o755)
	for _, o := range []InstallOptions{{Prefix: prefix, Name: "python3"}, {Prefix: prefix, Name: "broken"}, {Prefix: prefix, Name: "other"},
		{Prefix: prefix, Name: "../x"}, {Prefix: prefix, Name: ".."}, {Prefix: prefix, Name: "a b"}, {Prefix: prefix, SysPrefix: true}} {
		if _, err := Install(o); err == nil {
			t.Errorf("%+v is installed", o)
		}
		if _, err := Uninstall(o); err == nil {
			t.Errorf("%+v is uninstalled", o)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "python3", "kernel.json")); err != nil {
		t.Error(err)
	}
}

// TestEncryptedConnection asks for what the kernel cannot do: it does not do it in the clear.
func TestEncryptedConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "connection.json")
	const asked = `{"transport":"tcp","ip":"127.0.0.1","key":"k","signature_scheme":"hmac-sha256","curve_publickey":"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7","curve_secretkey":"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"}`
	if err := os.WriteFile(path, []byte(asked), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func() (cell.Evaluator, error) { return nil, errNoSession }
	if err := Run(t.Context(), path, start, Options{History: "none"}); !errors.Is(err, errEncryption) || strings.Contains(err.Error(), "JTKV") {
		t.Errorf("got %v", err)
	}
}

func TestConnectionFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.json")
	for content, want := range map[string]string{
		`{`: "reading connection file", `{"transport":"udp","ip":"x"}`: `transport "udp"`, `{"ip":"127.0.0.1","key":"k","signature_scheme":"hmac-md5"}`: "hmac-md5", `{}`: "no ip",
	} {
		os.WriteFile(path, []byte(content), 0o600)
		if _, err := readConnection(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", content, err)
		}
	}
	c := &connection{Transport: "ipc", IP: "/run/kernel", SignatureScheme: "hmac-sha256"}
	if got := c.endpoint(3); got != "ipc:///run/kernel-3" {
		t.Error(got)
	}
	c = &connection{Transport: "tcp", IP: "::1"}
	if got := c.endpoint(3); got != "tcp://[::1]:3" {
		t.Error(got)
	}
}
