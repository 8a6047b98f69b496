package worldstate

// #include "shim_fork.h"
import "C"

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// AccountSource is how a fork asks for accounts.
type AccountSource int

// The ways to ask.
const (
	AccountsAuto   AccountSource = C.FORK_ACCOUNTS_AUTO   // eth_getProof while the node has it, else as AccountsFields; found out once
	AccountsProof  AccountSource = C.FORK_ACCOUNTS_PROOF  // eth_getProof only
	AccountsFields AccountSource = C.FORK_ACCOUNTS_FIELDS // eth_getBalance, eth_getTransactionCount, eth_getCode, eth_getStorageAt
)

// ForkOptions is how a fork is opened. Zero stands for the default. Either URL or Transport is given.
type ForkOptions struct {
	// URL of the node, http:// or https://, for the built-in HTTP client. Several, separated by spaces, are tried in turn.
	URL string
	// Header of each request of the built-in client.
	Header http.Header
	// CAFile is a PEM file of certificate authorities trusted besides the built-in ones, by the built-in client.
	CAFile string
	// Transport carries the requests instead, such as an HTTPTransport.
	Transport Transport
	// MaxConcurrent is how many bodies the transport has under way at once. What is wanted meanwhile goes out together. Default 4.
	MaxConcurrent int

	// Block to fork from: decimal or 0x number, 32-byte 0x hash, "latest" (default), "safe", "finalized" or "earliest". Resolved once.
	Block             string
	AccountSource     AccountSource
	MaxAttempts       int           // how often a request is sent at most, for each URL. Default 4
	MaxCacheSize      int           // entries that each of the caches of accounts, slots and code keeps. Default 10,000
	MaxCodeBytes      int           // bytes of code that the code cache keeps. Default 256 MiB
	RequestTimeout    time.Duration // for one HTTP request. Default 30 s
	TotalTimeout      time.Duration // for one read of the built-in client with all attempts and pauses. Default 120 s
	BackoffInitial    time.Duration // longest pause before the second attempt; it doubles with each further one. Default 250 ms
	BackoffMax        time.Duration // limit to its growth. Default 8 s
	MaxBatch          int           // JSON-RPC requests in one body at most. Default 100
	MaxSlotsPerProof  int           // slots in one eth_getProof at most. Default 256
	MaxResponseLength int           // longest answer, in bytes. Default 64 MiB
}

// Fork is a chain's state at one block, fetched as it is read. Any number of states share one and what it has fetched. Safe for use by
// several goroutines, whose reads share batches.
type Fork struct {
	mu   sync.Mutex
	core *forkCore // nil once closed
}

// forkCore is the library's fork, which lives until the Fork and every StateManager on it are closed.
type forkCore struct {
	id      C.uintptr_t
	carrier *carrier // nil where the library carries the requests
	mu      sync.Mutex
	users   int
}

// OpenFork opens a fork. With a URL, the block and the chain id are asked for at once; with a Transport they are the first requests that
// it gets, when something is read. The context ends nothing but the wait for those of a URL that have not been sent.
func OpenFork(ctx context.Context, options ForkOptions) (*Fork, error) {
	if err := checkLibrary(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	raw, err := options.c()
	if err != nil {
		return nil, err
	}
	var texts [4]text
	for i, t := range []struct{ value, what string }{
		{options.URL, "the URL"}, {headerLines(options.Header), "a header"}, {options.CAFile, "the file's name"}, {options.Block, "the block"},
	} {
		if texts[i], err = optionalText(t.value, t.what); err != nil {
			return nil, err
		}
	}
	var made C.ws_handle_result
	C.ws_fork_open(&raw, texts[0].pointer(), texts[1].pointer(), texts[2].pointer(), texts[3].pointer(), &made)
	if made.handle == 0 {
		return nil, failedHandle(&made)
	}
	core := &forkCore{id: made.handle, users: 1}
	if options.Transport != nil {
		core.carrier = newCarrier(core.id, options)
	}
	fork := &Fork{core: core}
	runtime.SetFinalizer(fork, func(f *Fork) { _ = f.Close() })
	return fork, nil
}

// c is the options without their texts.
func (o *ForkOptions) c() (C.ForkBackendOptions, error) {
	raw := C.ForkBackendOptions{size: C.sizeof_ForkBackendOptions, account_source: C.int(o.AccountSource)}
	switch {
	case o.URL == "" && o.Transport == nil:
		return raw, newError(ErrInvalidInput, "neither URL nor Transport is given")
	case o.URL != "" && o.Transport != nil:
		return raw, newError(ErrInvalidInput, "URL and Transport are given")
	case o.URL == "" && (o.Header != nil || o.CAFile != ""):
		return raw, newError(ErrInvalidInput, "Header and CAFile belong to a URL")
	case o.Transport == nil && o.MaxConcurrent != 0:
		return raw, newError(ErrInvalidInput, "MaxConcurrent belongs to a Transport")
	case o.MaxConcurrent < 0:
		return raw, newError(ErrInvalidInput, "MaxConcurrent is negative")
	}
	for _, number := range []struct {
		value int
		what  string
		to    *C.size_t
	}{
		{o.MaxCacheSize, "MaxCacheSize", &raw.max_cache_size},
		{o.MaxCodeBytes, "MaxCodeBytes", &raw.max_code_bytes},
		{o.MaxBatch, "MaxBatch", &raw.max_batch},
		{o.MaxSlotsPerProof, "MaxSlotsPerProof", &raw.max_slots_per_request},
		{o.MaxResponseLength, "MaxResponseLength", &raw.max_response_bytes},
	} {
		if number.value < 0 {
			return raw, newError(ErrInvalidInput, number.what+" is negative")
		}
		*number.to = C.size_t(number.value)
	}
	for _, number := range []struct {
		value int64
		what  string
		to    *C.uint32_t
	}{
		{int64(o.MaxAttempts), "MaxAttempts", &raw.max_attempts},
		{milliseconds(o.RequestTimeout), "RequestTimeout", &raw.request_timeout_ms},
		{milliseconds(o.TotalTimeout), "TotalTimeout", &raw.total_timeout_ms},
		{milliseconds(o.BackoffInitial), "BackoffInitial", &raw.backoff_initial_ms},
		{milliseconds(o.BackoffMax), "BackoffMax", &raw.backoff_max_ms},
	} {
		if number.value < 0 || number.value > 1<<32-1 {
			return raw, newError(ErrInvalidInput, fmt.Sprintf("%s is out of range", number.what))
		}
		*number.to = C.uint32_t(number.value)
	}
	return raw, nil
}

// milliseconds rounds up: a short time is not the default.
func milliseconds(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

func headerLines(header http.Header) string {
	var lines []string
	for name, values := range header {
		for _, value := range values {
			lines = append(lines, name+": "+value)
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// Close closes the fork. States on it go on, and what it holds is freed with the last of them. Closing twice does nothing. The error is
// always nil.
func (f *Fork) Close() error {
	f.mu.Lock()
	core := f.core
	f.core = nil
	f.mu.Unlock()
	if core != nil {
		runtime.SetFinalizer(f, nil)
		core.release()
	}
	return nil
}

// use keeps what is behind the fork until release is called.
func (f *Fork) use() (core *forkCore, release func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.core == nil {
		return nil, nil, closed("the fork")
	}
	f.core.retain()
	return f.core, f.core.release, nil
}

func (c *forkCore) retain() {
	c.mu.Lock()
	c.users++
	c.mu.Unlock()
}

func (c *forkCore) release() {
	c.mu.Lock()
	c.users--
	last := c.users == 0
	c.mu.Unlock()
	if last {
		if c.carrier != nil {
			c.carrier.stop()
		}
		C.ws_fork_destroy(c.id)
	}
}

// read is a call on the fork, repeated until the transport has brought what it needs. Where two calls on one fork fail at the same time,
// the text may be that of the other.
func (f *Fork) read(ctx context.Context, do func(id C.uintptr_t) C.int) error {
	core, release, err := f.use()
	if err != nil {
		return err
	}
	defer release()
	var wait waiter
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait.before(core)
		err := failure(do(core.id), core.id)
		if err == nil || !isPending(err) || !wait.possible() {
			return err
		}
		if stuck, waited := wait.forAnswer(ctx); waited != nil {
			return waited
		} else if stuck {
			return err
		}
	}
}

// ForkBlock is the block that a fork is pinned to.
type ForkBlock struct {
	ChainID uint64
	Number  uint64
	Hash    Hash
}

// Block is the block that the fork is pinned to.
func (f *Fork) Block(ctx context.Context) (ForkBlock, error) {
	var chainID, number C.uint64_t
	var hash Hash
	err := f.read(ctx, func(id C.uintptr_t) C.int {
		return C.ws_fork_get_block(id, &chainID, &number, bytesAt(hash[:]))
	})
	return ForkBlock{uint64(chainID), uint64(number), hash}, err
}

// Prefetch is what of an account is wanted.
type Prefetch struct {
	Address Address
	Slots   []Hash
}

// Prefetch makes accounts with their slots, and with their code, ready in as few round trips as the limits allow.
func (f *Fork) Prefetch(ctx context.Context, wanted []Prefetch, withCode bool) error {
	var flags C.uint32_t
	if withCode {
		flags = C.FORK_PREFETCH_CODE
	}
	addresses, counts, slots := make([]Address, len(wanted)), make([]C.size_t, len(wanted)+1), []Hash(nil)
	for i, one := range wanted {
		addresses[i], counts[i] = one.Address, C.size_t(len(one.Slots))
		slots = append(slots, one.Slots...)
	}
	return f.read(ctx, func(id C.uintptr_t) C.int {
		return C.ws_fork_prefetch(id, addressesAt(addresses), &counts[0], C.size_t(len(wanted)), hashesAt(slots), flags)
	})
}

// ClearCache forgets everything fetched so far. Open requests stay open.
func (f *Fork) ClearCache() error {
	return f.read(context.Background(), func(id C.uintptr_t) C.int { return C.ws_fork_clear_cache(id) })
}

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
}

// Stats is the counters of the fork and all states on it.
func (f *Fork) Stats() (ForkStats, error) {
	raw := C.ForkBackendStats{size: C.sizeof_ForkBackendStats}
	err := f.read(context.Background(), func(id C.uintptr_t) C.int { return C.ws_fork_stats(id, &raw) })
	return ForkStats{
		uint64(raw.hits), uint64(raw.misses), uint64(raw.deduplicated), uint64(raw.requests), uint64(raw.bodies), uint64(raw.bytes_sent),
		uint64(raw.bytes_received), uint64(raw.retries), uint64(raw.failures), uint64(raw.batch_splits), uint64(raw.evictions),
		uint64(raw.accounts), uint64(raw.slots), uint64(raw.codes), uint64(raw.code_bytes), uint64(raw.pending),
	}, err
}

// The two structs have the same fields in the same order, but for the size.
var _ = [1]struct{}{}[unsafe.Sizeof(ForkStats{})+8-C.sizeof_ForkBackendStats]
