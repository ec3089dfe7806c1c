package jupyter

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// DefaultName is the name of the kernel's specification.
const DefaultName = "dtnotes"

//go:embed logo
var logos embed.FS

// InstallOptions say where a kernel's specification is. The zero value is the default name in the
// user's own Jupyter folder.
type InstallOptions struct {
	Name      string // DefaultName if empty
	Prefix    string // PREFIX/share/jupyter in place of the user's folder
	SysPrefix bool   // the prefix of the Python environment in use
	Program   string // what Jupyter starts; the running program if empty
}

// spec is the content of kernel.json.
type spec struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Env           map[string]string `json:"env"`
	Metadata      map[string]any    `json:"metadata"`
}

var specName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// dir returns the folder of the specification.
func (o InstallOptions) dir() (string, error) {
	name := o.name()
	if !specName.MatchString(name) || strings.Trim(name, ".") == "" {
		return "", fmt.Errorf("kernel name %q: want letters, digits, dots, dashes and underscores", name)
	}
	if o.Prefix != "" && o.SysPrefix {
		return "", errors.New("a prefix and the prefix of the Python environment exclude each other")
	}
	prefix := o.Prefix
	if o.SysPrefix {
		var err error
		if prefix, err = sysPrefix(); err != nil {
			return "", err
		}
	}
	if prefix != "" {
		abs, err := filepath.Abs(prefix)
		return filepath.Join(abs, "share", "jupyter", "kernels", name), err
	}
	data, err := jupyterData()
	return filepath.Join(data, "kernels", name), err
}

func (o InstallOptions) name() string {
	if o.Name == "" {
		return DefaultName
	}
	return o.Name
}

// sysPrefix finds the prefix of the Python environment in use.
func sysPrefix() (string, error) {
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if dir := os.Getenv(name); dir != "" {
			return dir, nil
		}
	}
	for _, python := range []string{"python3", "python"} {
		out, err := exec.Command(python, "-c", "import sys; print(sys.prefix)").Output()
		if dir := strings.TrimSpace(string(out)); err == nil && dir != "" {
			return dir, nil
		}
	}
	return "", errors.New("finding the prefix of the Python environment: no environment is active and no python is in the path")
}

// jupyterData is the user's folder for Jupyter's data.
func jupyterData() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir, nil
	}
	if runtime.GOOS == "darwin" {
		home, err := os.UserHomeDir()
		return filepath.Join(home, "Library", "Jupyter"), err
	}
	dir, err := userData()
	return filepath.Join(dir, "jupyter"), err
}

// Install writes the kernel's specification with its logos and returns the folder that it is in. A
// program that is about to be deleted, as "go run" makes it, is copied beside it.
func Install(o InstallOptions) (string, error) {
	dir, err := o.dir()
	if err != nil {
		return "", fmt.Errorf("installing the kernel: %w", err)
	}
	if err := o.install(dir); err != nil {
		return "", fmt.Errorf("installing the kernel in %s: %w", dir, err)
	}
	return dir, nil
}

// install writes everything beside dir and then puts it in its place, so that Jupyter never sees
// half a specification.
func (o InstallOptions) install(dir string) error {
	if err := mayReplace(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".dtnotes-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	program, err := o.program(dir, temp)
	if err != nil {
		return err
	}
	display := "Go (dtnotes)"
	if o.name() != DefaultName {
		display = fmt.Sprintf("Go (dtnotes, %s)", o.name())
	}
	raw, err := json.MarshalIndent(spec{
		Argv:        []string{program, "kernel", "-f", "{connection_file}"},
		DisplayName: display,
		Language:    "go",
		// An interrupt comes as a message and not as a signal, since a signal would also reach a
		// program that a cell has started.
		InterruptMode: "message",
		Env:           map[string]string{},
		Metadata:      map[string]any{"debugger": false, "implementation": "dtnotes"},
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(temp, "kernel.json"), append(raw, '\n'), 0o644); err != nil {
		return err
	}
	if err := writeLogos(temp); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(temp, dir)
}

// program returns the path of the program to start; a temporary one is copied to temp, which
// becomes dir.
func (o InstallOptions) program(dir, temp string) (string, error) {
	path := o.Program
	if path == "" {
		var err error
		if path, err = os.Executable(); err != nil {
			return "", err
		}
		if resolved, err := filepath.EvalSymlinks(path); err == nil && isTemporary(resolved) {
			path = resolved
		}
	}
	path, err := filepath.Abs(path)
	if err != nil || !isTemporary(path) {
		return path, err
	}
	name := "dtnotes" + filepath.Ext(path)
	if err := copyFile(filepath.Join(temp, name), path); err != nil {
		return "", err
	}
	return filepath.Join(dir, name), nil
}

// isTemporary reports whether "go run" or "go test" made the program.
func isTemporary(path string) bool {
	// The go command builds both in a folder with such a name, which it deletes afterwards.
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(path), "/"), func(part string) bool {
		return strings.HasPrefix(part, "go-build")
	})
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

func writeLogos(dir string) error {
	entries, err := logos.ReadDir("logo")
	if err != nil {
		return err
	}
	for _, e := range entries {
		raw, err := logos.ReadFile("logo/" + e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// mayReplace refuses to touch a kernel that is not this one.
func mayReplace(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if errors.Is(err, fs.ErrNotExist) {
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			return errors.New("the folder holds something else")
		}
		return nil
	}
	if err != nil {
		return err
	}
	var s spec
	if err := json.Unmarshal(raw, &s); err != nil || s.Metadata["implementation"] != "dtnotes" {
		return errors.New("another kernel has this name")
	}
	return nil
}

// Uninstall removes the specification that Install with the same options has written, and returns
// the folder that it was in. The error of a specification that is not there is fs.ErrNotExist.
func Uninstall(o InstallOptions) (string, error) {
	dir, err := o.dir()
	if err == nil {
		if _, err = os.Stat(filepath.Join(dir, "kernel.json")); err == nil {
			if err = mayReplace(dir); err == nil {
				err = os.RemoveAll(dir)
			}
		}
	}
	if err != nil {
		return "", fmt.Errorf("uninstalling the kernel: %w", err)
	}
	return dir, nil
}
