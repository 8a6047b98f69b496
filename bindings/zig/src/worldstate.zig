//! Ethereum's world state: accounts, storage and code in memory, with nested checkpoints and snapshots; a live chain below it, read over
//! JSON-RPC when it is first needed; and executions of transactions over all that, which stop at what is missing, ask for it, and go on
//! from that very opcode.
//!
//! `StateManager` is the state, `Fork` the chain below it, `Evm` executes over a state. Handles may be used from any thread. Functions
//! that make memory take an allocator, and their caller frees it. A call that fails gives one of `Error`; `lastError` of the object it
//! was made on has the text.

const c = @import("c");
const std = @import("std");

const types = @import("types.zig");
const errors = @import("errors.zig");
const state = @import("state.zig");
const fork = @import("fork.zig");
const fork_options = @import("fork_options.zig");
const proof = @import("proof.zig");
const transport = @import("transport.zig");
const changes = @import("changes.zig");
const evm = @import("evm.zig");
const execute = @import("execute.zig");
const result = @import("result.zig");

pub const Address = types.Address;
pub const Word = types.Word;
pub const parseAddress = types.parseAddress;
pub const parseWord = types.parseWord;
pub const wordOf = types.wordOf;
pub const numberOf = types.numberOf;
pub const addressText = types.addressText;
pub const wordText = types.wordText;

pub const Error = errors.Error;
pub const statusOf = errors.statusOf;
pub const nameOf = errors.nameOf;
pub const lastThreadError = errors.lastThreadError;

pub const StateManager = state.StateManager;
pub const Account = state.Account;
pub const AccountStatus = state.AccountStatus;
pub const SnapshotId = state.SnapshotId;
pub const DumpFormat = state.DumpFormat;
pub const Changes = changes.Changes;

pub const Fork = fork.Fork;
pub const ForkOptions = fork_options.ForkOptions;
pub const ForkBlock = fork.ForkBlock;
pub const ForkStats = fork.ForkStats;
pub const MethodStats = fork.MethodStats;
pub const AccountSource = fork_options.AccountSource;
pub const Verification = fork_options.Verification;
pub const ForkLog = fork_options.ForkLog;
pub const LogLevel = fork_options.LogLevel;
pub const Transport = transport.Transport;
pub const HttpTransport = transport.HttpTransport;

pub const AccountProof = proof.AccountProof;
pub const verifyProof = proof.verifyProof;
pub const verifyProofOf = proof.verifyProofOf;
pub const verifyHeader = proof.verifyHeader;

pub const Evm = evm.Evm;
pub const EvmOptions = evm.EvmOptions;
pub const EvmStats = evm.EvmStats;
pub const RunAhead = evm.RunAhead;
pub const Message = evm.Message;
pub const Request = evm.Request;
pub const OutputType = evm.OutputType;
pub const Answer = evm.Answer;
pub const PrecompileCall = evm.PrecompileCall;
pub const PrecompileResult = evm.PrecompileResult;
pub const Trace = evm.Trace;
pub const Ending = execute.Ending;
pub const no_store_text = execute.no_store_text;
pub const unknown_output_type_text = execute.unknown_output_type_text;
pub const Result = result.Result;
pub const Log = result.Log;
pub const ResultStatus = result.Status;

/// Version of the library that is running, such as "0.1.0". Static text.
pub fn version() []const u8 {
    return std.mem.span(c.worldstate_version());
}

/// Version of the binary interface of the library that is running. Whatever makes a handle compares it with the header's.
pub fn abiVersion() u32 {
    return c.worldstate_abi_version();
}

test {
    _ = @import("abi.zig");
    _ = @import("fork_options.zig");
    _ = @import("state.zig");
}
