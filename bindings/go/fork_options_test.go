package worldstate

import (
	"net/http"
	"reflect"
	"testing"
	"time"
)

func TestEveryOptionReachesTheLibrary(t *testing.T) {
	numbers := ForkOptions{
		URL: "http://127.0.0.1:1", Header: http.Header{"A": {"b"}}, CAFile: "c", Block: "d", Network: "e", CacheDir: "f", Recording: "g",
		RequestsPerSecond: 1, ComputeUnitsPerSecond: 2, MaxConcurrent: 3, ChainID: 4, CacheMaxBytes: 5, SafeDepth: 6, MaxAttempts: 7,
		MaxCacheSize: 8, MaxCodeBytes: 9, MaxProofBytes: 10, RequestTimeout: 11 * time.Millisecond, TotalTimeout: 12 * time.Millisecond,
		BackoffInitial: 13 * time.Millisecond, BackoffMax: 14 * time.Millisecond, ReorgCheck: 15 * time.Millisecond, MaxBatch: 16,
		MaxSlotsPerProof: 17, MaxResponseLength: 18, AccountSource: AccountsFields, Verify: VerifyStateRoot(Hash{1}), Offline: true,
		RememberTouched: true, Log: func(LogLevel, string) {}, LogLevel: LogDebug,
	}
	given := reflect.ValueOf(numbers)
	for i := 0; i < given.NumField(); i++ {
		if name := given.Type().Field(i).Name; given.Field(i).IsZero() && name != "Transport" {
			t.Fatalf("%s is not tested", name)
		}
	}
	raw, err := numbers.c()
	if err != nil {
		t.Fatal(err)
	}
	expected := []uint64{
		uint64(raw.requests_per_second), uint64(raw.compute_units_per_second), uint64(raw.max_concurrent), uint64(raw.chain_id),
		uint64(raw.cache_max_bytes), uint64(raw.safe_depth), uint64(raw.max_attempts), uint64(raw.max_cache_size), uint64(raw.max_code_bytes),
		uint64(raw.max_proof_bytes), uint64(raw.request_timeout_ms), uint64(raw.total_timeout_ms), uint64(raw.backoff_initial_ms),
		uint64(raw.backoff_max_ms), uint64(raw.reorg_check_ms), uint64(raw.max_batch), uint64(raw.max_slots_per_request),
		uint64(raw.max_response_bytes),
	}
	for i, number := range expected {
		if number != uint64(i+1) {
			t.Errorf("number %d is %d", i+1, number)
		}
	}
	besides := map[string]bool{ // what OpenFork adds, and what no option is
		"url": true, "headers": true, "ca_file": true, "block": true, "network": true, "cache_dir": true, "recording": true, "trusted": true,
		"log": true, "log_context": true, "rpc_client": true, "rpc_vtable": true, "reserved": true,
	}
	all := reflect.ValueOf(raw)
	for i := 0; i < all.NumField(); i++ {
		if name := all.Type().Field(i).Name; all.Field(i).IsZero() != besides[name] {
			t.Errorf("%s is %v", name, all.Field(i))
		}
	}
	texts, err := numbers.texts()
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range []text{texts.url, texts.header, texts.caFile, texts.block, texts.network, texts.cacheDir, texts.recording} {
		want := []string{numbers.URL, "A: b", "c", "d", "e", "f", "g"}[i]
		if string(one) != want+"\x00" {
			t.Errorf("%q is not %q", one, want)
		}
	}
}
