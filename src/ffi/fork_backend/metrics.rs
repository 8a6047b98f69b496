//! What each method has cost, and all counters as JSON.

use crate::ffi::buffer::{self, OutText};
use crate::ffi::guard;
use crate::ffi::handle::ForkBackendHandle;
use crate::ffi::versioned::versioned_out;
use crate::fork::MethodStats;
use serde_json::{Map, Value, json};
use std::ffi::{c_char, c_int};

/// What the requests of one JSON-RPC method have cost. Begin with FORK_BACKEND_METHOD_STATS_INIT.
///
/// Latencies are in microseconds, from sending (or handing out) to the answer, right to 1 percent; all requests of one
/// body have the latency of the body.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ForkBackendMethodStats {
    /// sizeof(ForkBackendMethodStats).
    pub size: usize,
    /// Requests handed to the transport or the host, repeated ones included.
    pub requests: u64,
    /// Requests given up.
    pub failures: u64,
    /// Bytes of the requests.
    pub bytes_sent: u64,
    /// Bytes of the answers: of each body's, the share that the method's answers have in it.
    pub bytes_received: u64,
    /// Answers whose latency was measured.
    pub count: u64,
    /// Half of the answers took no longer.
    pub p50_us: u64,
    /// 90 percent of the answers took no longer.
    pub p90_us: u64,
    /// 99 percent of the answers took no longer.
    pub p99_us: u64,
    /// The slowest answer.
    pub max_us: u64,
}

/// What the requests of `method`, such as "eth_getProof", have cost; all zero for a method that was never sent. Written
/// to a struct that begins with its size, as fork_backend_stats does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_method_stats(
    handle: ForkBackendHandle,
    method: *const c_char,
    out_stats: *mut ForkBackendMethodStats,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let method = unsafe { buffer::text("method", method) }?;
        let stats = fork.method_stats(method);
        let all = ForkBackendMethodStats {
            size: size_of::<ForkBackendMethodStats>(),
            requests: stats.requests,
            failures: stats.failures,
            bytes_sent: stats.bytes_sent,
            bytes_received: stats.bytes_received,
            count: stats.count,
            p50_us: stats.p50,
            p90_us: stats.p90,
            p99_us: stats.p99,
            max_us: stats.max,
        };
        // SAFETY: pointers as the interface's contract says; every field of the struct is a plain number.
        unsafe { versioned_out("ForkBackendMethodStats", out_stats, &all) }
    })
}

/// All counters as one JSON object: those of ForkBackendStats under their names in camelCase ("bytesSent"), and under
/// "methods" an object for each method that was sent, with the fields of ForkBackendMethodStats ("p50Us"). Text and NUL
/// to `out`, the length without the NUL to `out_len`; OUTPUT_TOO_SMALL when it does not fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_metrics_json(
    handle: ForkBackendHandle,
    out: *mut c_char,
    out_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("out", out, out_size, out_len) }?;
        let mut all: Map<String, Value> =
            super::stats::counters(&fork.stats()).map(|(name, value)| (camel_case(name), value.into())).collect();
        let methods: Map<String, Value> =
            fork.methods().into_iter().map(|(name, stats)| (name.to_owned(), method_json(&stats))).collect();
        all.insert("methods".into(), Value::Object(methods));
        out.write(&Value::Object(all).to_string())
    })
}

fn method_json(stats: &MethodStats) -> Value {
    json!({
        "requests": stats.requests,
        "failures": stats.failures,
        "bytesSent": stats.bytes_sent,
        "bytesReceived": stats.bytes_received,
        "count": stats.count,
        "p50Us": stats.p50,
        "p90Us": stats.p90,
        "p99Us": stats.p99,
        "maxUs": stats.max,
    })
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.extend(letters);
    }
    camel
}
