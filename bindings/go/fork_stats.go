package worldstate

// #include "shim_fork.h"
import "C"

import (
	"context"
	"unsafe"
)

// ForkStats is what a fork has done since it was opened, and what it holds now.
type ForkStats struct {
	Hits          uint64 // reads that the cache answered, but for each value's first
	Misses        uint64 // values that had to be asked for
	Deduplicated  uint64 // reads that waited for a request which another thread had already sent
	Requests      uint64 // JSON-RPC requests, repeated ones included
	Bodies        uint64 // HTTP bodies
	BytesSent     uint64 // bytes of those bodies
	BytesReceived uint64 // bytes of the answers, after decompression
	Retries       uint64 // requests that had to be sent once more after a failure
	Failures      uint64 // requests given up
	BatchSplits   uint64 // times that the size of batches was halved because the node refused one
	Evictions     uint64 // entries that a full cache dropped
	Accounts      uint64 // accounts held now
	Slots         uint64 // slots held now
	Codes         uint64 // codes held now
	CodeBytes     uint64 // bytes of the codes held now
	Pending       uint64 // values asked for and not answered yet

	Verified       uint64 // answers that were checked against what is trusted and were right
	VerifyFailures uint64 // answers that were checked and were wrong
	ProofNodes     uint64 // trie nodes held now
	ProofBytes     uint64 // bytes of those nodes
	StoredHits     uint64 // reads that the persistent cache or a recording answered
	StoredWrites   uint64 // values written to the persistent cache
	StoredDropped  uint64 // values that were not written, because the disk did not keep up or refused
	Throttled      uint64 // times that a body waited for the rate limit
	Reorgs         uint64 // times that the fork's block was found to have left the chain
}

// Stats is the counters of the fork and all states on it.
func (f *Fork) Stats() (ForkStats, error) {
	raw := C.ForkBackendStats{size: C.sizeof_ForkBackendStats}
	err := f.read(context.Background(), func(id C.uintptr_t) C.int { return C.ws_fork_stats(id, &raw) })
	return ForkStats{
		uint64(raw.hits), uint64(raw.misses), uint64(raw.deduplicated), uint64(raw.requests), uint64(raw.bodies), uint64(raw.bytes_sent),
		uint64(raw.bytes_received), uint64(raw.retries), uint64(raw.failures), uint64(raw.batch_splits), uint64(raw.evictions),
		uint64(raw.accounts), uint64(raw.slots), uint64(raw.codes), uint64(raw.code_bytes), uint64(raw.pending),
		uint64(raw.verified), uint64(raw.verify_failures), uint64(raw.proof_nodes), uint64(raw.proof_bytes), uint64(raw.stored_hits),
		uint64(raw.stored_writes), uint64(raw.stored_dropped), uint64(raw.throttled), uint64(raw.reorgs),
	}, err
}

// The two structs have the same fields in the same order, but for the size.
var _ = [1]struct{}{}[unsafe.Sizeof(ForkStats{})+8-C.sizeof_ForkBackendStats]
