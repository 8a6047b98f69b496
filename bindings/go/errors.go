package worldstate

// #include "shim.h"
import "C"

import (
	"errors"
)

// Status is what kind of failure an Error is. Statuses are errors themselves, for errors.Is.
type Status int

// Every status, named as in the header.
const (
	ErrInvalidInput      Status = C.STATE_MANAGER_ERROR_INVALID_INPUT      // an argument that has no meaning here
	ErrOutOfMemory       Status = C.STATE_MANAGER_ERROR_OUT_OF_MEMORY      // an allocation was refused, or no handle is free
	ErrInvalidSnapshot   Status = C.STATE_MANAGER_ERROR_INVALID_SNAPSHOT   // the snapshot was never taken, or is dead
	ErrRPCFailed         Status = C.STATE_MANAGER_ERROR_RPC_FAILED         // the node, or the way to it, failed
	ErrInvalidHex        Status = C.STATE_MANAGER_ERROR_INVALID_HEX        // a text that is not hexadecimal
	ErrRPCPending        Status = C.STATE_MANAGER_ERROR_RPC_PENDING        // remote, and nobody is left who could fetch it
	ErrNoPendingRequest  Status = C.STATE_MANAGER_ERROR_NO_PENDING_REQUEST // nothing is asked
	ErrOutputTooSmall    Status = C.STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL   // a buffer is shorter than the value
	ErrInvalidRequest    Status = C.STATE_MANAGER_ERROR_INVALID_REQUEST    // an answer to something that was not asked
	ErrInvalidHandle     Status = C.STATE_MANAGER_ERROR_INVALID_HANDLE     // the object is closed
	ErrNoCheckpoint      Status = C.STATE_MANAGER_ERROR_NO_CHECKPOINT      // revert or commit without an open checkpoint
	ErrInternal          Status = C.STATE_MANAGER_ERROR_INTERNAL           // a defect of the library; close the object
	ErrProofInvalid      Status = C.STATE_MANAGER_ERROR_PROOF_INVALID      // an answer or a proof does not match what is trusted
	ErrCache             Status = C.STATE_MANAGER_ERROR_CACHE              // the persistent cache, or a recording, cannot be read or written
	ErrOffline           Status = C.STATE_MANAGER_ERROR_OFFLINE            // neither cached nor recorded, and the fork is offline
	ErrInvalidState      Status = C.STATE_MANAGER_ERROR_INVALID_STATE      // a call that has no meaning now
	ErrExecution         Status = C.STATE_MANAGER_ERROR_EXECUTION          // an execution cannot begin or go on
	ErrStatePruned       Status = C.STATE_MANAGER_ERROR_STATE_PRUNED       // the node no longer has the state of the block: it is no archive
	ErrProofPruned       Status = C.STATE_MANAGER_ERROR_PROOF_PRUNED       // the node has that state, and gives no proofs for one so old
	ErrBlockNotFound     Status = C.STATE_MANAGER_ERROR_BLOCK_NOT_FOUND    // the node does not know the block
	ErrWrongChain        Status = C.STATE_MANAGER_ERROR_WRONG_CHAIN        // the node is on another chain than ForkOptions.ChainID
	ErrUnsupportedMethod Status = C.STATE_MANAGER_ERROR_UNSUPPORTED_METHOD // the node has not the method
	ErrReorg             Status = C.STATE_MANAGER_ERROR_REORG              // the fork's block is no longer part of the node's chain
)

// Name is the status's name in the header, such as "STATE_MANAGER_ERROR_RPC_FAILED".
func (s Status) Name() string { return C.GoString(C.worldstate_error_name(C.int(s))) }

// Error is the name.
func (s Status) Error() string { return s.Name() }

// Error is a failure of the library.
type Error struct {
	Code Status // one of the statuses
	Name string // its name, such as "STATE_MANAGER_ERROR_RPC_FAILED"
	Text string // what happened, in words
	// Cause is the host's own error behind it, such as that of a Store; nil where there is none.
	Cause error
}

// Error is the text, or the name where there is none.
func (e *Error) Error() string {
	if e.Text == "" {
		return e.Name
	}
	return e.Text
}

// Is tells whether the error has that status.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Code
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

func newError(code Status, text string) *Error {
	return &Error{Code: code, Name: code.Name(), Text: text}
}

// Causes of an execution's failure. Of an *Error with ErrExecution, they are what is behind it and its text.
var (
	// ErrNoStore says that an execution needs something of the host, and was given no Store.
	ErrNoStore = errors.New("Async request but no stateInterface provided") //nolint:stylecheck // the text is the same in every language
	// ErrUnknownOutputType says that the library asked for something that this package does not know.
	ErrUnknownOutputType = errors.New("Unknown output type") //nolint:stylecheck // likewise
)

// failure is the error of a call on a live handle, nil for success. Nothing else may have been called on the handle in between.
func failure(status C.int, handle C.uintptr_t) error {
	if status == C.STATE_MANAGER_SUCCESS {
		return nil
	}
	text, _ := readText(func(buf *C.char, size C.size_t, length *C.size_t) C.int {
		return C.ws_last_error(handle, buf, size, length)
	})
	return newError(Status(status), string(text))
}

// failedHandle is the error of a call that made no handle.
func failedHandle(made *C.ws_handle_result) error {
	return newError(Status(made.status), C.GoString(&made.text[0]))
}

// closed is the error of a call on an object that was closed.
func closed(what string) error { return newError(ErrInvalidHandle, what+" is closed") }
