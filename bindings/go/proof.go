package worldstate

// #include "shim_state.h"
// #include "shim_proof.h"
import "C"

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
)

// AccountProof is an account, and slots of it, with their proofs under a state root (EIP-1186).
type AccountProof struct {
	Address      Address
	Balance      *big.Int // in wei
	Nonce        uint64
	CodeHash     Hash
	StorageHash  Hash
	AccountProof [][]byte // the nodes on the way from the state root, in RLP
	StorageProof []StorageProof
}

// StorageProof is a slot with its proof under the account's storage root.
type StorageProof struct {
	Key   Hash
	Value Hash
	Proof [][]byte
}

// Proof is the account and the slots with their proofs, under the root that StateRoot gives. What does not exist has a proof of that. On
// a fork, all that was written locally is applied to the chain's trie, over proofs that are fetched: ErrInvalidState, naming the node,
// where they do not suffice, and on a fork that keeps no proofs.
func (s *StateManager) Proof(ctx context.Context, address Address, slots []Hash) (*AccountProof, error) {
	raw, err := s.ProofJSON(ctx, address, slots)
	if err != nil {
		return nil, err
	}
	proof := new(AccountProof)
	if err := json.Unmarshal(raw, proof); err != nil {
		return nil, fmt.Errorf("worldstate: the proof cannot be read: %w", err)
	}
	return proof, nil
}

// ProofJSON is Proof as eth_getProof answers.
func (s *StateManager) ProofJSON(ctx context.Context, address Address, slots []Hash) (json.RawMessage, error) {
	return s.proofAbout(ctx, (6+3*len(slots))<<10, address, slots)
}

// proofAbout is ProofJSON with a guess at its length.
func (s *StateManager) proofAbout(ctx context.Context, guess int, address Address, slots []Hash) (text json.RawMessage, err error) {
	err = s.read(ctx, func(id C.uintptr_t) (status C.int) {
		text, status = readTextAbout(C.size_t(guess), func(buf *C.char, size C.size_t, length *C.size_t) C.int {
			return C.ws_get_proof(id, address.c(), hashesAt(slots), C.size_t(len(slots)), buf, size, length)
		})
		return status
	})
	return text, err
}

// UnmarshalJSON reads what eth_getProof answers.
func (p *AccountProof) UnmarshalJSON(raw []byte) error {
	var fields struct {
		Address               Address
		Balance, Nonce        Hash
		CodeHash, StorageHash Hash
		AccountProof          []hexBytes
		StorageProof          []struct {
			Key, Value Hash
			Proof      []hexBytes
		}
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	*p = AccountProof{
		Address: fields.Address, Balance: fields.Balance.Big(), Nonce: fields.Nonce.Big().Uint64(), CodeHash: fields.CodeHash,
		StorageHash: fields.StorageHash, AccountProof: nodes(fields.AccountProof), StorageProof: make([]StorageProof, len(fields.StorageProof)),
	}
	for i, slot := range fields.StorageProof {
		p.StorageProof[i] = StorageProof{slot.Key, slot.Value, nodes(slot.Proof)}
	}
	return nil
}

// hexBytes are bytes written as 0x and digits.
type hexBytes []byte

// UnmarshalText reads them.
func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(withoutPrefix(string(text)))
	return err
}

func nodes(list []hexBytes) [][]byte {
	converted := make([][]byte, len(list))
	for i, node := range list {
		converted[i] = node
	}
	return converted
}

// VerifyProof checks the answer of a node to eth_getProof, or the whole JSON-RPC response, against a state root. ErrProofInvalid, naming
// what, when anything does not match, is missing, or is there beyond what proves it; ErrInvalidInput for a text that is not JSON, or a
// response without result.
//
// It may be for any account and any slots: VerifyProofOf checks that, too.
func VerifyProof(stateRoot Hash, proof []byte) error { return verifyProof(stateRoot, nil, nil, proof) }

// VerifyProofOf is VerifyProof for an answer that must be for this account, with each of these slots among those that it proves.
func VerifyProofOf(stateRoot Hash, address Address, slots []Hash, proof []byte) error {
	return verifyProof(stateRoot, &address, slots, proof)
}

func verifyProof(stateRoot Hash, address *Address, slots []Hash, proof []byte) error {
	if err := checkLibrary(); err != nil {
		return err
	}
	text, err := textOf(string(proof), "the proof")
	if err != nil {
		return err
	}
	var result C.ws_check_result
	C.ws_verify_proof(stateRoot.c(), addressAt(address), hashesAt(slots), C.size_t(len(slots)), text.pointer(), &result)
	return failedCheck(&result)
}

// VerifyHeader checks that a block header in JSON has the hash, which is computed from its fields, and returns its state root. A block, as
// eth_getBlockByNumber gives it, does, and so does the whole JSON-RPC response. ErrProofInvalid when the hash is another or a field is
// missing; ErrInvalidInput as for VerifyProof.
func VerifyHeader(blockHash Hash, header []byte) (stateRoot Hash, err error) {
	if err := checkLibrary(); err != nil {
		return stateRoot, err
	}
	text, err := textOf(string(header), "the header")
	if err != nil {
		return stateRoot, err
	}
	var result C.ws_check_result
	C.ws_verify_header(blockHash.c(), text.pointer(), bytesAt(stateRoot[:]), &result)
	return stateRoot, failedCheck(&result)
}

func failedCheck(result *C.ws_check_result) error {
	if result.status == C.STATE_MANAGER_SUCCESS {
		return nil
	}
	return newError(Status(result.status), C.GoString(&result.text[0]))
}
