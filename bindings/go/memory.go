package worldstate

// #include "shim.h"
import "C"

import (
	"strings"
	"unsafe"
)

// readText reads a text of unknown length, which is asked for twice. It fails with the status of the first call that does.
func readText(call func(buf *C.char, size C.size_t, length *C.size_t) C.int) ([]byte, C.int) {
	var length C.size_t
	if status := call(nil, 0, &length); status != C.STATE_MANAGER_SUCCESS {
		return nil, status
	}
	return readTextAbout(length, call)
}

// readTextAbout is readText for a text that costs too much to be asked for twice, and is hardly longer than the guess.
func readTextAbout(length C.size_t, call func(buf *C.char, size C.size_t, length *C.size_t) C.int) ([]byte, C.int) {
	for {
		buf := make([]byte, int(length)+1)
		status := call((*C.char)(unsafe.Pointer(&buf[0])), C.size_t(len(buf)), &length)
		if status == C.STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL && int(length) >= len(buf) {
			continue // it grew meanwhile, or the guess was too low
		}
		if status != C.STATE_MANAGER_SUCCESS {
			return nil, status
		}
		return buf[:length], status
	}
}

// bytesAt is the address of the first byte, nil of none.
func bytesAt(b []byte) *C.uint8_t {
	if len(b) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&b[0]))
}

func addressesAt(list []Address) *C.uint8_t {
	if len(list) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&list[0]))
}

func hashesAt(list []Hash) *C.uint8_t {
	if len(list) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&list[0]))
}

// text is a C string in Go memory, nil for an empty one where that stands for the default.
type text []byte

func textOf(s, what string) (text, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return nil, newError(ErrInvalidInput, what+" has a NUL in it")
	}
	return append([]byte(s), 0), nil
}

func optionalText(s, what string) (text, error) {
	if s == "" {
		return nil, nil
	}
	return textOf(s, what)
}

func (t text) pointer() *C.char {
	if len(t) == 0 {
		return nil
	}
	return (*C.char)(unsafe.Pointer(&t[0]))
}

func (a Address) c() C.ws_address     { return *(*C.ws_address)(unsafe.Pointer(&a)) }
func (h Hash) c() C.ws_word           { return *(*C.ws_word)(unsafe.Pointer(&h)) }
func hashOf(r *C.ws_word_result) Hash { return *(*Hash)(unsafe.Pointer(&r.word)) }
