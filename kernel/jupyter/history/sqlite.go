package history

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Earlier versions kept the history in an SQLite database beside the folder. This file reads such
// a database, https://www.sqlite.org/fileformat2.html: the two tables that were in it, in UTF-8,
// with what is committed in the write-ahead log of a kernel that was killed.

// takeOver makes the folder from the database of an earlier version, which stays as it is. It is
// made under another name and then renamed, so that one of several kernels succeeds, and the folder
// is complete. s.mu is held.
func (s *Store) takeOver() {
	if s.dir == "" || s.taken {
		return
	}
	s.taken = true
	old := s.dir + ".sqlite"
	if _, err := os.Stat(s.dir); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	if _, err := os.Stat(old); err != nil {
		return
	}
	sessions, err := readDatabase(old)
	if err == nil {
		err = s.writeSessions(sessions)
	}
	if err != nil {
		s.logf("the history of an earlier version, %s, is not taken over: %v", old, err)
	}
}

func (s *Store) writeSessions(sessions map[int64][]record) error {
	aside, err := os.MkdirTemp(filepath.Dir(s.dir), "history-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	made := Store{dir: aside}
	for session, records := range sessions {
		var b bytes.Buffer
		for _, r := range records {
			line, err := json.Marshal(r)
			if err != nil {
				return err
			}
			b.Write(append(line, '\n'))
		}
		if err := os.WriteFile(made.path(session), b.Bytes(), 0o600); err != nil {
			return err
		}
	}
	if err := os.Rename(aside, s.dir); err != nil {
		if _, there := os.Stat(s.dir); there == nil {
			return nil // another kernel was faster
		}
		return err
	}
	return nil
}

// database is a file of SQLite in memory, with the pages of its write-ahead log laid over it.
type database struct {
	file   []byte
	log    map[int][]byte // pages by number
	page   int            // bytes of a page
	usable int            // of them for content
}

var errDatabase = errors.New("it is not a history database, or damaged")

// readDatabase returns the records of all sessions.
func readDatabase(path string) (map[int64][]record, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	wal, err := os.ReadFile(path + "-wal")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return parseDatabase(file, wal)
}

func parseDatabase(file, wal []byte) (map[int64][]record, error) {
	db := &database{file: file, log: map[int][]byte{}}
	db.readLog(wal)
	head := file
	if p := db.log[1]; p != nil {
		head = p
	}
	if len(head) < 100 || string(head[:16]) != "SQLite format 3\x00" || binary.BigEndian.Uint32(head[56:]) != 1 {
		return nil, errDatabase
	}
	if db.page = pageSize(uint32(binary.BigEndian.Uint16(head[16:]))); db.page == 0 {
		return nil, errDatabase
	}
	if db.usable = db.page - int(head[20]); db.usable < 480 {
		return nil, errDatabase
	}
	roots := map[string]int{}
	err := db.each(1, func(key int64, row []value) error {
		if len(row) >= 4 && row[0].text == "table" {
			roots[row[1].text] = int(row[3].number)
		}
		return nil
	})
	if err != nil || roots["sessions"] == 0 || roots["cells"] == 0 {
		return nil, errDatabase
	}
	sessions := map[int64][]record{}
	err = db.each(roots["cells"], func(key int64, row []value) error {
		if len(row) < 4 || row[0].number <= 0 {
			return errDatabase
		}
		r := record{Line: int(row[1].number), Source: &row[2].text}
		if !row[3].null {
			r.Output = &row[3].text
		}
		sessions[row[0].number] = append(sessions[row[0].number], r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = db.each(roots["sessions"], func(key int64, row []value) error {
		if len(row) < 2 || key <= 0 {
			return errDatabase
		}
		sessions[key] = slices.Insert(sessions[key], 0, record{Start: row[1].text})
		return nil
	})
	return sessions, err
}

// pageSize is the size of a page as the header states it, or 0 if that is no valid size.
func pageSize(n uint32) int {
	if n == 1 {
		n = 65536
	}
	if n < 512 || n > 65536 || n&(n-1) != 0 {
		return 0
	}
	return int(n)
}

// readLog takes the pages of the log up to its last commit. Frames are valid as long as they carry
// the salt of the header and their running checksum is right; what follows is left from an earlier
// use of the file.
func (db *database) readLog(wal []byte) {
	const header, frameHeader = 32, 24
	if len(wal) < header {
		return
	}
	magic := binary.BigEndian.Uint32(wal)
	size := pageSize(binary.BigEndian.Uint32(wal[8:]))
	if magic&^1 != 0x377f0682 || size == 0 {
		return
	}
	var order binary.ByteOrder = binary.LittleEndian
	if magic&1 == 1 {
		order = binary.BigEndian
	}
	var s0, s1 uint32
	sum := func(b []byte) {
		for ; len(b) >= 8; b = b[8:] {
			s0 += order.Uint32(b) + s1
			s1 += order.Uint32(b[4:]) + s0
		}
	}
	sum(wal[:24])
	pending := map[int][]byte{}
	for frame := wal[header:]; len(frame) >= frameHeader+size; frame = frame[frameHeader+size:] {
		page := frame[frameHeader : frameHeader+size]
		sum(frame[:8])
		sum(page)
		if !bytes.Equal(frame[8:16], wal[16:24]) || binary.BigEndian.Uint32(frame[16:]) != s0 || binary.BigEndian.Uint32(frame[20:]) != s1 {
			return
		}
		pending[int(binary.BigEndian.Uint32(frame))] = page
		if binary.BigEndian.Uint32(frame[4:]) != 0 { // a commit
			for n, p := range pending {
				db.log[n] = p
			}
			clear(pending)
		}
	}
}

// pageAt is page n, counted from 1. It is nil if there is no such page.
func (db *database) pageAt(n int) []byte {
	if p := db.log[n]; p != nil {
		if len(p) != db.page {
			return nil
		}
		return p
	}
	if n < 1 || n > len(db.file)/db.page {
		return nil
	}
	return db.file[(n-1)*db.page : n*db.page]
}

// value is a column of a row.
type value struct {
	null   bool
	number int64
	text   string
}

// each calls do for every row of the b-tree with root page n, in the order of its key, which is
// given where it is not a part of the row.
func (db *database) each(n int, do func(key int64, row []value) error) error {
	seen := map[int]bool{} // a damaged tree may go round in circles
	var walk func(n int) error
	walk = func(n int) error {
		page := db.pageAt(n)
		if page == nil || seen[n] {
			return errDatabase
		}
		seen[n] = true
		h := page
		if n == 1 {
			h = page[100:]
		}
		const (
			innerIndex = 2
			innerTable = 5
			leafIndex  = 10
			leafTable  = 13
		)
		kind, cells, pointers := h[0], int(binary.BigEndian.Uint16(h[3:])), h[8:]
		inner := kind == innerIndex || kind == innerTable
		if inner {
			pointers = h[12:]
		} else if kind != leafIndex && kind != leafTable {
			return errDatabase
		}
		if len(pointers) < 2*cells {
			return errDatabase
		}
		for i := range cells {
			at := int(binary.BigEndian.Uint16(pointers[2*i:]))
			if at+4 > len(page) {
				return errDatabase
			}
			c := page[at:]
			if inner {
				if err := walk(int(binary.BigEndian.Uint32(c))); err != nil {
					return err
				}
				c = c[4:]
			}
			if kind == innerTable {
				continue // its cells are keys only
			}
			key, payload, err := db.payload(c, kind == leafTable)
			if err != nil {
				return err
			}
			row, err := parseRow(payload)
			if err != nil {
				return err
			}
			if err := do(key, row); err != nil {
				return err
			}
		}
		if inner {
			return walk(int(binary.BigEndian.Uint32(h[8:])))
		}
		return nil
	}
	return walk(n)
}

// payload returns the record of a cell, which may continue in further pages, and, for a table, its
// key.
func (db *database) payload(c []byte, table bool) (key int64, record []byte, err error) {
	size, c, ok := varint(c)
	most, least := (db.usable-12)*64/255-23, (db.usable-12)*32/255-23
	if table {
		key, c, ok = varint(c)
		most = db.usable - 35
	}
	if !ok || size < 0 || size > int64(len(db.file)+len(db.log)*db.page) {
		return 0, nil, errDatabase
	}
	local := int(size)
	if local > most {
		if local = least + (int(size)-least)%(db.usable-4); local > most {
			local = least
		}
	}
	if len(c) < local {
		return 0, nil, errDatabase
	}
	if local == int(size) {
		return key, c[:local], nil
	}
	if len(c) < local+4 {
		return 0, nil, errDatabase
	}
	all := slices.Clone(c[:local])
	for next := int(binary.BigEndian.Uint32(c[local:])); len(all) < int(size); {
		page := db.pageAt(next)
		if page == nil {
			return 0, nil, errDatabase
		}
		all = append(all, page[4:min(db.usable, 4+int(size)-len(all))]...)
		next = int(binary.BigEndian.Uint32(page))
	}
	return key, all, nil
}

// parseRow reads a record: the types of its columns, and then their values.
func parseRow(b []byte) ([]value, error) {
	size, rest, ok := varint(b)
	if !ok || size < int64(len(b)-len(rest)) || size > int64(len(b)) {
		return nil, errDatabase
	}
	types, values := b[len(b)-len(rest):size], b[size:]
	var row []value
	for len(types) > 0 {
		var kind int64
		if kind, types, ok = varint(types); !ok || kind < 0 {
			return nil, errDatabase
		}
		var v value
		n := 0
		switch {
		case kind == 0:
			v.null = true
		case kind <= 6:
			n = []int{0, 1, 2, 3, 4, 6, 8}[kind]
		case kind == 8 || kind == 9:
			v.number = kind - 8
		case kind >= 12 && (kind-12)/2 <= int64(len(values)):
			n = int(kind-12) / 2
		default:
			return nil, fmt.Errorf("%w: a column of type %d", errDatabase, kind)
		}
		if n > len(values) {
			return nil, errDatabase
		}
		if kind >= 12 {
			v.text = string(values[:n])
		} else if n > 0 {
			v.number = int64(int8(values[0]))
			for _, d := range values[1:n] {
				v.number = v.number<<8 | int64(d)
			}
		}
		row, values = append(row, v), values[n:]
	}
	return row, nil
}

// varint reads an integer of one to nine bytes, the most significant first.
func varint(b []byte) (v int64, rest []byte, ok bool) {
	for i, c := range b {
		if i == 8 {
			return v<<8 | int64(c), b[9:], true
		}
		v = v<<7 | int64(c&0x7f)
		if c < 0x80 {
			return v, b[i+1:], true
		}
	}
	return 0, nil, false
}
