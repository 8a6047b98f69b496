//! What it costs to check a proof, through the C function of the library that users get.

use crate::{Result, record};
use alloy_primitives::B256;
use serde_json::Value;
use std::ffi::{CString, c_char, c_int};
use std::path::Path;
use std::time::Instant;
use worldstate_bench::evm::fixtures;
use worldstate_bench::results::{Figure, quantile};

const ROUNDS: usize = 101;
const CALLS: u32 = 200;

type VerifyProof = unsafe extern "C" fn(*const u8, *const u8, *const u8, usize, *const c_char) -> c_int;

/// `worldstate_verify_proof` of the shared library at `path`, which stays loaded.
fn verify_proof(path: &Path) -> Result<VerifyProof> {
    let library = CString::new(path.to_str().ok_or("the library's path is no text")?)?;
    // SAFETY: both texts end with NUL; the library runs nothing when it is loaded.
    let symbol = unsafe {
        let handle = libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        if handle.is_null() {
            return Err(format!("{} cannot be loaded", path.display()).into());
        }
        libc::dlsym(handle, c"worldstate_verify_proof".as_ptr())
    };
    if symbol.is_null() {
        return Err(format!("{} has no worldstate_verify_proof", path.display()).into());
    }
    // SAFETY: this is the signature that the header declares.
    Ok(unsafe { std::mem::transmute::<*mut libc::c_void, VerifyProof>(symbol) })
}

/// The proof of an account of mainnet without slots, against its block's state root.
pub(crate) fn measure(path: &Path, library: &Path) -> Result<()> {
    let directory = fixtures::directory().join("helios");
    if !directory.is_dir() {
        println!("{}: not there, left out", directory.display());
        return Ok(());
    }
    let verify = verify_proof(library)?;
    let json = |name: &str| -> Result<Value> { Ok(serde_json::from_slice(&std::fs::read(directory.join(name))?)?) };
    let proof = json("block_miner_proof.json")?;
    let root: B256 = json("block.json")?["stateRoot"].as_str().ok_or("the block has no state root")?.parse()?;
    let nodes = proof["accountProof"].as_array().map_or(0, Vec::len);
    let text = CString::new(proof.to_string())?;
    let call = |root: &B256| {
        // SAFETY: 32 readable bytes, no address, no slots, a text that ends with NUL.
        unsafe { verify(root.as_ptr(), std::ptr::null(), std::ptr::null(), 0, text.as_ptr()) }
    };
    if call(&root) != 0 || call(&B256::repeat_byte(1)) != -13 {
        return Err("the proof is not judged as it should be".into());
    }
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..CALLS {
            if call(&root) != 0 {
                return Err("the proof is refused".into());
            }
        }
        times.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    println!("a mainnet account of {nodes} nodes, {} bytes of JSON", text.as_bytes().len());
    let what = "a mainnet account's proof checked, JSON and all";
    let figure = Figure::of("forking_proof", what, "40 us", "us", (quantile(&mut times, 0.5), 40.0), 1.0);
    record(path, &figure)
}
