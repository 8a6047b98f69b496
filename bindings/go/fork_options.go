package worldstate

// #include "shim_fork.h"
import "C"

import (
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"
)

// AccountSource is how a fork asks for accounts.
type AccountSource int

// The ways to ask.
const (
	AccountsAuto   AccountSource = C.FORK_ACCOUNTS_AUTO   // eth_getProof, or as AccountsFields once the node turns out not to have it or to take long for it
	AccountsProof  AccountSource = C.FORK_ACCOUNTS_PROOF  // eth_getProof only
	AccountsFields AccountSource = C.FORK_ACCOUNTS_FIELDS // eth_getBalance, eth_getTransactionCount, eth_getCode, eth_getStorageAt
)

// Verification is what the answers of a node are checked against. The zero value believes them.
type Verification struct {
	mode  int
	given bool // not: the hash that ForkOptions.Block is
	hash  Hash
}

// VerifyBlock checks against the state root in the header whose hash ForkOptions.Block is.
func VerifyBlock() Verification { return Verification{mode: C.FORK_VERIFY_BLOCK_HASH} }

// VerifyBlockHash checks against the state root in the header that has this hash, which the block of the fork must have. Where
// ForkOptions.Block is "latest", it takes its place. Hashes of earlier blocks are checked by the headers between, 1,024 at most.
func VerifyBlockHash(hash Hash) Verification {
	return Verification{C.FORK_VERIFY_BLOCK_HASH, true, hash}
}

// VerifyStateRoot checks against this state root, which the header of the fork's block must have. What else it says is only known to be
// consistent.
func VerifyStateRoot(root Hash) Verification {
	return Verification{C.FORK_VERIFY_STATE_ROOT, true, root}
}

// ForkOptions is how a fork is opened. Zero stands for the default. Either URL or Transport is given, or neither with Offline.
type ForkOptions struct {
	// URL of the node, http:// or https://, for the built-in client; on Unix also the path of its IPC socket: "ipc:///path", "/path", or a
	// path that ends in ".ipc". Several, separated by spaces, are tried in turn.
	URL string
	// Header of each request of the built-in client.
	Header http.Header
	// CAFile is a PEM file of certificate authorities trusted besides the built-in ones, by the built-in client.
	CAFile string
	// RequestsPerSecond is how many JSON-RPC requests the built-in client sends a second at most. Default: no limit.
	RequestsPerSecond int
	// ComputeUnitsPerSecond is how many compute units the built-in client uses a second at most, as providers count them. Default: no limit.
	ComputeUnitsPerSecond int
	// Transport carries the requests instead, such as an HTTPTransport.
	Transport Transport
	// MaxConcurrent is how many bodies are under way at once. What is wanted meanwhile goes out together. Default 8; with a Transport 4.
	MaxConcurrent int

	// Block to fork from: decimal or 0x number, 32-byte 0x hash, "latest" (default), "safe", "finalized" or "earliest". Resolved once.
	Block string
	// ChainID is the chain that the node must be on: another one is ErrWrongChain. Default: any.
	ChainID uint64
	// Verify says what every account, slot and code is checked against. A wrong one is ErrProofInvalid and kept nowhere; with several
	// URLs, the next one is asked. Default: the node is believed.
	Verify Verification

	// CacheDir is the directory of the persistent cache: one file a chain, for any number of processes. Created if it is not there.
	// Default: no persistent cache.
	CacheDir string
	// CacheMaxBytes is how long the file of a chain may get: older blocks leave it first. Default 8 GiB.
	CacheMaxBytes uint64
	// Network names the network in the persistent cache beside its chain id, for chains that share one. Default: the genesis block's hash.
	Network string
	// SafeDepth is how many blocks on top of it make a block final: the cache then knows it by its number too. Default 128.
	SafeDepth uint64
	// Recording is a file of Fork.ExportRecording that values are read from.
	Recording string
	// Offline never asks a node: what is neither in the persistent cache nor in the recording is ErrOffline.
	Offline bool
	// RememberTouched keeps what executions touch, for each contract and selector, so that the next one with the same asks for all of it
	// at once; in the persistent cache where there is one.
	RememberTouched bool

	// Log is told what happens, one line at a time, by several goroutines at once when several use the fork. It runs inside calls on the
	// fork and on its states: it must not use them, and a panic of it ends the program. Default: nobody is told anything.
	Log func(level LogLevel, text string)
	// LogLevel is the least important level that Log is told. Default LogWarning.
	LogLevel LogLevel

	AccountSource     AccountSource
	MaxAttempts       int           // how often a request is sent at most, for each URL. Default 4
	MaxCacheSize      int           // entries that each of the caches of accounts, slots and code keeps. Default 10,000
	MaxCodeBytes      int           // bytes of code that the code cache keeps. Default 256 MiB
	MaxProofBytes     int           // bytes of trie nodes kept in memory for proofs and state roots. Default 256 MiB
	RequestTimeout    time.Duration // for one HTTP request. Default 30 s
	TotalTimeout      time.Duration // for one read of the built-in client with all attempts and pauses. Default 120 s
	BackoffInitial    time.Duration // longest pause before the second attempt; it doubles with each further one. Default 250 ms
	BackoffMax        time.Duration // limit to its growth. Default 8 s
	ReorgCheck        time.Duration // after which a block that is not final is looked up again, whether the chain still has it. Default 12 s
	MaxBatch          int           // JSON-RPC requests in one body at most. Default 100
	MaxSlotsPerProof  int           // slots in one eth_getProof at most. Default 256
	MaxResponseLength int           // longest answer, in bytes. Default 64 MiB
}

// carriage says what is wrong with who carries the requests.
func (o *ForkOptions) carriage() string {
	switch {
	case o.URL == "" && o.Transport == nil && !o.Offline:
		return "neither URL nor Transport is given, and not Offline"
	case o.URL != "" && o.Transport != nil:
		return "URL and Transport are given"
	case o.URL == "" && (o.Header != nil || o.CAFile != ""):
		return "Header and CAFile belong to a URL"
	case o.URL == "" && (o.RequestsPerSecond != 0 || o.ComputeUnitsPerSecond != 0):
		return "RequestsPerSecond and ComputeUnitsPerSecond belong to a URL"
	case o.Log == nil && o.LogLevel != 0:
		return "LogLevel is given without Log"
	}
	return ""
}

// c is the options without what needs pointers.
func (o *ForkOptions) c() (C.ForkBackendOptions, error) {
	raw := C.ForkBackendOptions{
		size: C.sizeof_ForkBackendOptions, account_source: C.int(o.AccountSource), verify: C.int(o.Verify.mode), offline: flag(o.Offline),
		chain_id: C.uint64_t(o.ChainID), cache_max_bytes: C.uint64_t(o.CacheMaxBytes), safe_depth: C.uint64_t(o.SafeDepth),
		remember_touched: flag(o.RememberTouched), log_level: C.int(o.LogLevel),
	}
	if wrong := o.carriage(); wrong != "" {
		return raw, newError(ErrInvalidInput, wrong)
	}
	for _, number := range []struct {
		value int
		what  string
		to    *C.size_t
	}{
		{o.MaxConcurrent, "MaxConcurrent", &raw.max_concurrent},
		{o.MaxCacheSize, "MaxCacheSize", &raw.max_cache_size},
		{o.MaxCodeBytes, "MaxCodeBytes", &raw.max_code_bytes},
		{o.MaxProofBytes, "MaxProofBytes", &raw.max_proof_bytes},
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
		{int64(o.RequestsPerSecond), "RequestsPerSecond", &raw.requests_per_second},
		{int64(o.ComputeUnitsPerSecond), "ComputeUnitsPerSecond", &raw.compute_units_per_second},
		{milliseconds(o.RequestTimeout), "RequestTimeout", &raw.request_timeout_ms},
		{milliseconds(o.TotalTimeout), "TotalTimeout", &raw.total_timeout_ms},
		{milliseconds(o.BackoffInitial), "BackoffInitial", &raw.backoff_initial_ms},
		{milliseconds(o.BackoffMax), "BackoffMax", &raw.backoff_max_ms},
		{milliseconds(o.ReorgCheck), "ReorgCheck", &raw.reorg_check_ms},
	} {
		if number.value < 0 || number.value > 1<<32-1 {
			return raw, newError(ErrInvalidInput, fmt.Sprintf("%s is out of range", number.what))
		}
		*number.to = C.uint32_t(number.value)
	}
	return raw, nil
}

// forkTexts are the texts of the options as C strings.
type forkTexts struct{ url, header, caFile, block, network, cacheDir, recording text }

func (o *ForkOptions) texts() (texts forkTexts, err error) {
	for _, t := range []struct {
		value, what string
		to          *text
	}{
		{o.URL, "the URL", &texts.url},
		{headerLines(o.Header), "a header", &texts.header},
		{o.CAFile, "CAFile", &texts.caFile},
		{o.Block, "the block", &texts.block},
		{o.Network, "Network", &texts.network},
		{o.CacheDir, "CacheDir", &texts.cacheDir},
		{o.Recording, "Recording", &texts.recording},
	} {
		if *t.to, err = optionalText(t.value, t.what); err != nil {
			return texts, err
		}
	}
	return texts, nil
}

func flag(on bool) C.int {
	if on {
		return 1
	}
	return 0
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
