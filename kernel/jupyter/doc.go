// Package jupyter is a Jupyter kernel around a cell.Evaluator: it speaks the Jupyter messaging
// protocol, version 5.5, on the five sockets of a connection file, keeps the history, and
// installs the kernel's specification. It knows nothing of Go code.
//
// Every request on the shell and control channels is framed by the states busy and idle, gets
// exactly one reply on the channel it came on, and idle comes after all of its output. The
// control channel is served beside a running cell. Requests that only ask, like completion, wait
// for a running cell no longer than a moment. Requests of a subshell are served beside those of
// the main shell, except that code of two cells never runs at once. Messages without a valid
// signature, and messages seen before, are dropped and logged.
package jupyter
