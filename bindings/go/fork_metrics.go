package worldstate

// #include "shim_fork.h"
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// MethodStats is what the requests of one JSON-RPC method have cost. Latencies are from sending to the answer, right to 1 percent; all
// requests of one body have the latency of the body.
type MethodStats struct {
	Requests      uint64 // repeated ones included
	Failures      uint64 // requests given up
	BytesSent     uint64 // bytes of the requests
	BytesReceived uint64 // bytes of the answers: of each body's, the share that the method's answers have in it
	Count         uint64 // answers whose latency was measured
	P50           time.Duration
	P90           time.Duration
	P99           time.Duration
	Max           time.Duration
}

// MethodStats is what the requests of a method, such as "eth_getProof", have cost; all zero for one that was never sent.
func (f *Fork) MethodStats(method string) (MethodStats, error) {
	name, err := textOf(method, "the method")
	if err != nil {
		return MethodStats{}, err
	}
	raw := C.ForkBackendMethodStats{size: C.sizeof_ForkBackendMethodStats}
	err = f.read(context.Background(), func(id C.uintptr_t) C.int { return C.ws_fork_method_stats(id, name.pointer(), &raw) })
	return MethodStats{
		uint64(raw.requests), uint64(raw.failures), uint64(raw.bytes_sent), uint64(raw.bytes_received), uint64(raw.count),
		microseconds(uint64(raw.p50_us)), microseconds(uint64(raw.p90_us)), microseconds(uint64(raw.p99_us)), microseconds(uint64(raw.max_us)),
	}, err
}

func microseconds(n uint64) time.Duration { return time.Duration(n) * time.Microsecond }

// ForkMetrics is all counters of a fork.
type ForkMetrics struct {
	ForkStats
	Methods map[string]MethodStats // of each method that was sent
}

// Metrics is all counters of the fork and all states on it, those of each method too.
func (f *Fork) Metrics() (*ForkMetrics, error) {
	raw, err := f.MetricsJSON()
	if err != nil {
		return nil, err
	}
	metrics := new(ForkMetrics)
	if err := json.Unmarshal(raw, metrics); err != nil {
		return nil, fmt.Errorf("worldstate: the metrics cannot be read: %w", err)
	}
	return metrics, nil
}

// MetricsJSON is Metrics as the library writes it: the fields of ForkStats in camelCase, and under "methods" those of MethodStats, with
// latencies in microseconds ("p50Us").
func (f *Fork) MetricsJSON() (json.RawMessage, error) {
	var text []byte
	err := f.read(context.Background(), func(id C.uintptr_t) (status C.int) {
		text, status = readTextAbout(4<<10, func(buf *C.char, size C.size_t, length *C.size_t) C.int {
			return C.ws_fork_metrics_json(id, buf, size, length)
		})
		return status
	})
	return text, err
}

// UnmarshalJSON reads what the library writes.
func (m *MethodStats) UnmarshalJSON(raw []byte) error {
	var fields struct{ Requests, Failures, BytesSent, BytesReceived, Count, P50Us, P90Us, P99Us, MaxUs uint64 }
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	*m = MethodStats{
		fields.Requests, fields.Failures, fields.BytesSent, fields.BytesReceived, fields.Count,
		microseconds(fields.P50Us), microseconds(fields.P90Us), microseconds(fields.P99Us), microseconds(fields.MaxUs),
	}
	return nil
}
