package worldstate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"worldstate"
)

func TestProofsOfALocalState(t *testing.T) {
	state := newState(t)
	one, two := worldstate.HashOfUint64(1), worldstate.HashOfUint64(2)
	must(t, state.SetBalance(alice, wei(1000)))
	must(t, state.SetNonce(contract, 3))
	must(t, state.SetCode(contract, []byte{0x5f}))
	must(t, state.SetStorage(contract, one, two))
	checkProofs(t, state, contract, []worldstate.Hash{one, two}, []worldstate.Hash{two, {}})
	checkProofs(t, state, bob, nil, nil)
	many := make([]worldstate.Hash, 2000)
	for i := range many {
		many[i] = worldstate.HashOfUint64(uint64(i))
	}
	values := make([]worldstate.Hash, len(many))
	values[1] = two
	checkProofs(t, state, contract, many, values)
}

// checkProofs gets a proof of the slots and verifies it.
func checkProofs(t *testing.T, state *worldstate.StateManager, address worldstate.Address, slots, values []worldstate.Hash) {
	t.Helper()
	root, err := state.StateRoot(background)
	must(t, err)
	proof, err := state.Proof(background, address, slots)
	must(t, err)
	equal(t, "address", proof.Address, address)
	balance, err := state.Balance(background, address)
	must(t, err)
	equal(t, "balance", proof.Balance.Cmp(balance), 0)
	nonce, err := state.Nonce(background, address)
	must(t, err)
	equal(t, "nonce", proof.Nonce, nonce)
	storageRoot, err := state.StorageRoot(background, address)
	must(t, err)
	equal(t, "storage root", proof.StorageHash, storageRoot)
	equal(t, "a first node", len(proof.AccountProof) > 0 && len(proof.AccountProof[0]) > 32, true)
	equal(t, "slots", len(proof.StorageProof), len(slots))
	for i, slot := range proof.StorageProof {
		equal(t, "key", slot.Key, slots[i])
		equal(t, "value", slot.Value, values[i])
	}

	raw, err := state.ProofJSON(background, address, slots)
	must(t, err)
	must(t, worldstate.VerifyProof(root, raw))
	must(t, worldstate.VerifyProofOf(root, address, slots, raw))
	fails(t, worldstate.VerifyProofOf(root, alice, nil, raw), worldstate.ErrProofInvalid)
	fails(t, worldstate.VerifyProofOf(root, address, []worldstate.Hash{worldstate.HashOfUint64(1 << 40)}, raw), worldstate.ErrProofInvalid)
	fails(t, worldstate.VerifyProof(worldstate.HashOfUint64(1), raw), worldstate.ErrProofInvalid)
	fails(t, worldstate.VerifyProof(root, []byte("no proof")), worldstate.ErrInvalidInput)
	fails(t, worldstate.VerifyProof(root, append(raw, 0)), worldstate.ErrInvalidInput)
}

func TestProofsOfAFork(t *testing.T) {
	n := startNode(t)
	n.withContract()
	hash, header := n.pinned()
	root, err := worldstate.VerifyHeader(hash, header)
	must(t, err)
	one, two := worldstate.HashOfUint64(1), worldstate.HashOfUint64(2)
	must(t, worldstate.VerifyProof(root, n.rpc("eth_getProof", contract, []worldstate.Hash{one}, "latest")))
	for name, options := range carriers(n) {
		options := options
		t.Run(name, func(t *testing.T) {
			_, state := openFork(t, options)
			first, err := state.StateRoot(background)
			must(t, err)
			equal(t, "state root", first, root)
			checkProofs(t, state, contract, []worldstate.Hash{one, two}, []worldstate.Hash{worldstate.HashOfUint64(20), {}})
			must(t, state.SetStorage(contract, two, one))
			must(t, state.SetBalance(contract, wei(9)))
			checkProofs(t, state, contract, []worldstate.Hash{one, two}, []worldstate.Hash{worldstate.HashOfUint64(20), one})
			second, err := state.StateRoot(background)
			must(t, err)
			equal(t, "the root is another", second != root, true)
		})
	}
}

func TestVerifyHeader(t *testing.T) {
	n := startNode(t)
	hash, header := n.pinned()
	root, err := worldstate.VerifyHeader(hash, header)
	must(t, err)
	var block struct{ StateRoot worldstate.Hash }
	must(t, json.Unmarshal(header, &block))
	equal(t, "state root", root, block.StateRoot)
	_, err = worldstate.VerifyHeader(worldstate.HashOfUint64(1), header)
	fails(t, err, worldstate.ErrProofInvalid)
	changed := strings.Replace(string(header), `"gasLimit":"0x1`, `"gasLimit":"0x2`, 1)
	equal(t, "a field is another", changed != string(header), true)
	_, err = worldstate.VerifyHeader(hash, []byte(changed))
	fails(t, err, worldstate.ErrProofInvalid)
	_, err = worldstate.VerifyHeader(hash, []byte("no header"))
	fails(t, err, worldstate.ErrInvalidInput)
}
