// Package zmtp is the part of ZeroMQ that a Jupyter kernel needs: it binds ROUTER, REP and XPUB
// sockets over TCP and Unix sockets and speaks ZMTP 3.1 with the NULL mechanism to any libzmq
// peer.
//
// What is sent to a peer arrives whole and in order, or the connection ends: nothing is dropped
// while a peer is connected. A publisher waits for a slow subscriber once its queue is full, and
// gives a subscriber up that has taken nothing for a while. Close sends what is queued before it
// returns. Bytes from outside cost one connection at worst: lengths are limited, and memory is
// taken only for bytes that have come.
//
// The protocol is ZMTP 3.1, ZeroMQ RFC 37 (https://rfc.zeromq.org/spec/37/).
package zmtp
