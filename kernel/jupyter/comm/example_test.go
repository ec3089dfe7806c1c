package comm_test

import (
	"encoding/json"
	"fmt"

	"dtnotes/kernel/jupyter/comm"
)

// A page opens a comm that the kernel has registered, and is answered on it.
func Example() {
	comm.SetTransport(func(m comm.Message) { fmt.Println(m.Type, string(m.Data)) }, func(err error) { fmt.Println(err) })
	comm.Register("echo", func(c *comm.Comm, _ json.RawMessage) {
		c.OnMessage(func(data json.RawMessage, _ [][]byte) {
			if err := c.Send(data); err != nil {
				fmt.Println(err)
			}
		})
	})
	comm.Deliver(comm.Message{Type: "comm_open", ID: "1", Target: "echo"})
	comm.Deliver(comm.Message{Type: "comm_msg", ID: "1", Data: json.RawMessage(`"hello"`)})
	// Output:
	// comm_msg "hello"
}
