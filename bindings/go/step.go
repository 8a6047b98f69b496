package worldstate

// #include "shim_evm.h"
import "C"

import (
	"encoding/binary"
	"math/big"
	"unsafe"
)

// OutputType is what an execution came to.
type OutputType uint8

// What it can come to.
const (
	OutputResult         OutputType = C.EVM_OUTPUT_RESULT          // it is over
	OutputNeedStorage    OutputType = C.EVM_OUTPUT_NEED_STORAGE    // the slot of the address is needed
	OutputNeedBalance    OutputType = C.EVM_OUTPUT_NEED_BALANCE    // the balance of the address is needed
	OutputNeedCode       OutputType = C.EVM_OUTPUT_NEED_CODE       // its code is needed
	OutputNeedNonce      OutputType = C.EVM_OUTPUT_NEED_NONCE      // its nonce is needed
	OutputReadyToCommit  OutputType = C.EVM_OUTPUT_READY_TO_COMMIT // it has ended, and its changes wait for Commit, Discard…
	OutputNeedBlockHash  OutputType = C.EVM_OUTPUT_NEED_BLOCK_HASH // the hash of the block is needed whose number is in the slot
	OutputNeedPrecompile OutputType = C.EVM_OUTPUT_NEED_PRECOMPILE // the result of the precompiled contract is needed
)

// Request is what an execution came to.
type Request struct {
	Type    OutputType
	Address Address // the account; zero where there is none
	Slot    Hash    // zero where there is none
}

// BlockNumber is the number that OutputNeedBlockHash asks for.
func (r Request) BlockNumber() uint64 { return binary.BigEndian.Uint64(r.Slot[24:]) }

func requestOf(raw *C.AsyncRequest) Request {
	return Request{
		Type:    OutputType(raw.output_type),
		Address: *(*Address)(unsafe.Pointer(&raw.address)),
		Slot:    *(*Hash)(unsafe.Pointer(&raw.slot)),
	}
}

// Answer is what a Continue or an Answer tells the execution.
type Answer struct {
	kind uint8
	data []byte
}

// StorageAnswer answers OutputNeedStorage.
func StorageAnswer(address Address, slot, value Hash) Answer {
	return Answer{C.EVM_CONTINUE_WITH_STORAGE, join(address[:], slot[:], value[:])}
}

// BalanceAnswer answers OutputNeedBalance, in wei. It fails with ErrInvalidInput where that is no number of 256 bits.
func BalanceAnswer(address Address, wei *big.Int) (Answer, error) {
	word, err := HashOf(wei)
	return Answer{C.EVM_CONTINUE_WITH_BALANCE, join(address[:], word[:])}, err
}

// CodeAnswer answers OutputNeedCode.
func CodeAnswer(address Address, code []byte) Answer {
	return Answer{C.EVM_CONTINUE_WITH_CODE, join(address[:], code)}
}

// NonceAnswer answers OutputNeedNonce.
func NonceAnswer(address Address, nonce uint64) Answer {
	return Answer{C.EVM_CONTINUE_WITH_NONCE, join(address[:], bigEndian(nonce))}
}

// BlockHashAnswer answers OutputNeedBlockHash.
func BlockHashAnswer(number uint64, hash Hash) Answer {
	return Answer{C.EVM_CONTINUE_WITH_BLOCK_HASH, join(bigEndian(number), hash[:])}
}

// PrecompileAnswer answers OutputNeedPrecompile.
func PrecompileAnswer(address Address, result PrecompileResult) Answer {
	return Answer{C.EVM_CONTINUE_WITH_PRECOMPILE, join(address[:], []byte{byte(result.Status)}, bigEndian(result.GasUsed), result.Output)}
}

// FailureAnswer says that the host could not answer. The call fails with ErrExecution and that text; the question stays open.
func FailureAnswer(text string) Answer { return Answer{C.EVM_CONTINUE_WITH_ERROR, []byte(text)} }

func join(parts ...[]byte) (whole []byte) {
	for _, part := range parts {
		whole = append(whole, part...)
	}
	return whole
}

func bigEndian(n uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return b[:]
}

func (e *Evm) step(do func(id C.uintptr_t, out *C.AsyncRequest) C.int) (Request, error) {
	var raw C.AsyncRequest
	err := e.call(func(id C.uintptr_t) C.int { return do(id, &raw) })
	return requestOf(&raw), err
}

// Call begins the execution of what was set, and runs it until something is missing or it has ended. ErrInvalidState while another one
// is under way or waits for its commit; ErrExecution for a transaction that is refused, with the reason.
//
// Execute does all of this by itself; Call, Continue, Pending, Answer and Resume are for hosts with a loop of their own.
func (e *Evm) Call() (Request, error) {
	return e.step(func(id C.uintptr_t, out *C.AsyncRequest) C.int { return C.ws_evm_call(id, out) })
}

// Continue answers and goes on. A wrong answer changes nothing, and the question stays open: to something that was not asked
// (ErrInvalidRequest), or while nothing is asked (ErrNoPendingRequest).
func (e *Evm) Continue(answer Answer) (Request, error) {
	return e.step(func(id C.uintptr_t, out *C.AsyncRequest) C.int {
		return C.ws_evm_continue(id, C.uint8_t(answer.kind), bytesAt(answer.data), C.size_t(len(answer.data)), out)
	})
}

// Answer takes an answer as Continue does, and runs nothing: for answering all of Pending in any order.
func (e *Evm) Answer(answer Answer) error {
	return e.call(func(id C.uintptr_t) C.int {
		return C.ws_evm_answer(id, C.uint8_t(answer.kind), bytesAt(answer.data), C.size_t(len(answer.data)))
	})
}

// Resume goes on after Answer, or after a call that failed with ErrRPCFailed.
func (e *Evm) Resume() (Request, error) {
	return e.step(func(id C.uintptr_t, out *C.AsyncRequest) C.int { return C.ws_evm_resume(id, out) })
}

// Pending is everything that is wanted now, what the execution waits for first.
func (e *Evm) Pending() ([]Request, error) {
	raw := make([]C.AsyncRequest, 64)
	var count C.size_t
	for {
		err := e.call(func(id C.uintptr_t) C.int { return C.ws_evm_pending(id, &raw[0], C.size_t(len(raw)), &count) })
		if err != nil {
			return nil, err
		}
		if int(count) <= len(raw) {
			break
		}
		raw = make([]C.AsyncRequest, int(count))
	}
	pending := make([]Request, int(count))
	for i := range pending {
		pending[i] = requestOf(&raw[i])
	}
	return pending, nil
}

// Commit writes the changes of an execution that is ready to commit into the state.
func (e *Evm) Commit() error {
	_, err := e.Continue(Answer{kind: C.EVM_CONTINUE_AFTER_COMMIT})
	return err
}

// CommitInCheckpoint is Commit in a new checkpoint of the state, whose Revert takes the execution back.
func (e *Evm) CommitInCheckpoint() error {
	return e.call(func(id C.uintptr_t) C.int { return C.ws_evm_commit_in_checkpoint(id) })
}

// Discard ends an execution that is ready to commit without writing its changes. Its result can be read as after a commit.
func (e *Evm) Discard() error {
	return e.call(func(id C.uintptr_t) C.int { return C.ws_evm_discard(id) })
}

// Abort gives up the execution that is under way, or the changes and the result of one that has ended. No effect where there is none.
func (e *Evm) Abort() error {
	return e.call(func(id C.uintptr_t) C.int { return C.ws_evm_abort(id) })
}

// Active tells whether an execution is under way.
func (e *Evm) Active() (bool, error) {
	var active C.int
	err := e.call(func(id C.uintptr_t) C.int { return C.ws_evm_is_active(id, &active) })
	return active != 0, err
}
