package jupyter

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// connection is the content of a connection file: where the kernel listens and how messages are
// signed.
type connection struct {
	Transport       string `json:"transport"`
	IP              string `json:"ip"`
	ShellPort       int    `json:"shell_port"`
	IOPubPort       int    `json:"iopub_port"`
	StdinPort       int    `json:"stdin_port"`
	ControlPort     int    `json:"control_port"`
	HBPort          int    `json:"hb_port"`
	Key             string `json:"key"`
	SignatureScheme string `json:"signature_scheme"`
	KernelName      string `json:"kernel_name,omitempty"`

	// These are keys of CurveZMQ, by which a front end asks for encryption.
	CurvePublicKey string `json:"curve_publickey,omitempty"`
	CurveSecretKey string `json:"curve_secretkey,omitempty"`
}

var errEncryption = errors.New("it has keys of CurveZMQ: the front end asks for an encrypted connection, which this kernel does not know, " +
	"and it does not serve in the clear what is to be encrypted; " +
	"set transport_encryption of the front end's kernel manager to \"disabled\" or \"auto\", or use the transport \"ipc\"")

// readConnection reads a connection file. If the file does not exist, any free ports of the
// loopback address and a new key are used.
func readConnection(path string) (*connection, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &connection{Transport: "tcp", IP: "127.0.0.1", Key: rand.Text(), SignatureScheme: "hmac-sha256", KernelName: DefaultName}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading connection file: %w", err)
	}
	c := &connection{Transport: "tcp", SignatureScheme: "hmac-sha256"}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fmt.Errorf("reading connection file %s: %w", path, err)
	}
	switch {
	case c.Transport != "tcp" && c.Transport != "ipc":
		err = fmt.Errorf("transport %q, want tcp or ipc", c.Transport)
	case c.Key != "" && c.SignatureScheme != "hmac-sha256":
		err = fmt.Errorf("signature scheme %q, want hmac-sha256", c.SignatureScheme)
	case c.CurvePublicKey != "" || c.CurveSecretKey != "":
		err = errEncryption
	case c.IP == "":
		err = errors.New("no ip")
	}
	if err != nil {
		return nil, fmt.Errorf("connection file %s: %w", path, err)
	}
	return c, nil
}

// write writes the connection file, readable by its owner alone.
func (c *connection) write(path string) error {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("writing connection file: %w", err)
	}
	// Its mode is 0600 from the first byte on: the key lets anyone run code as this user.
	f, err := os.CreateTemp(filepath.Dir(path), ".connection-*")
	if err != nil {
		return fmt.Errorf("writing connection file: %w", err)
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(append(raw, '\n')); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing connection file %s: %w", path, err)
	}
	return nil
}

// ports returns the ports by channel, to be read and set.
func (c *connection) ports() map[string]*int {
	return map[string]*int{"shell": &c.ShellPort, "iopub": &c.IOPubPort, "stdin": &c.StdinPort, "control": &c.ControlPort, "hb": &c.HBPort}
}

// endpoint returns where a channel with the given port listens.
func (c *connection) endpoint(port int) string {
	if c.Transport == "ipc" {
		return "ipc://" + c.IP + "-" + strconv.Itoa(port)
	}
	return "tcp://" + net.JoinHostPort(c.IP, strconv.Itoa(port))
}
