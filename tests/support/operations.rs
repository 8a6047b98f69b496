//! The operations that sequences are made of, and random sequences of them.

use super::model::ModelAccount;
use super::random;
use alloy_primitives::{Address, Bytes, U256};
use proptest::collection::vec;
use proptest::prelude::*;
use worldstate::state::{DumpFormat, SnapshotId};

/// Few, so that operations collide.
pub(crate) const ADDRESSES: [Address; 5] = [
    Address::ZERO,
    Address::repeat_byte(0x11),
    Address::repeat_byte(0x77),
    Address::repeat_byte(0x78),
    Address::repeat_byte(0xff),
];
pub(crate) const SLOTS: [U256; 4] = [U256::ZERO, U256::ONE, U256::from_limbs([0, 0, 0, 1]), U256::MAX];

pub(crate) type Key = (Address, U256);
pub(crate) type LoadedAccount = (Address, ModelAccount, Vec<(U256, U256)>);

#[derive(Clone, Debug)]
pub(crate) enum Op {
    SetBalance(Address, U256),
    SetNonce(Address, u64),
    SetCode(Address, Bytes),
    SetStorage(Address, U256, U256),
    SetStorageBatch(Vec<(Address, U256, U256)>),
    Delete(Address),
    ClearStorage(Address),
    Checkpoint,
    Revert,
    Commit,
    Snapshot,
    RevertToSnapshot(Pick),
    DeleteSnapshot(Pick),
    Reset,
    Load(Vec<LoadedAccount>, DumpFormat),
    LoadOwnDump(DumpFormat),
    DumpIntoFresh(DumpFormat),
    Changes(Option<Pick>),
    ListAccounts(Option<Address>, usize),
    ListStorage(Address, Option<U256>, usize),
    AccountBatch(Vec<Address>),
    StorageBatch(Vec<Key>),
    BlockHash(u64),
    Roots,
    /// Forgets what was fetched; the next reads miss, and this many of them fail.
    Forget(u64),
}

/// A snapshot id: 0, every one issued, live or dead, the one that will be next, or the greatest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pick(u8);

impl Pick {
    pub(crate) fn of(self, issued: u64) -> SnapshotId {
        match u64::from(self.0) % (issued + 3) {
            last if last == issued + 2 => SnapshotId(u64::MAX),
            id => SnapshotId(id),
        }
    }
}

fn address() -> impl Strategy<Value = Address> + Clone {
    proptest::sample::select(&ADDRESSES[..])
}

fn slot() -> impl Strategy<Value = U256> + Clone {
    proptest::sample::select(&SLOTS[..])
}

fn value() -> impl Strategy<Value = U256> + Clone {
    proptest::sample::select(vec![U256::ZERO, U256::ONE, U256::from(2), U256::from(1000), U256::MAX])
}

fn nonce() -> impl Strategy<Value = u64> + Clone {
    proptest::sample::select(vec![0, 1, 2, u64::MAX])
}

fn code() -> impl Strategy<Value = Bytes> + Clone {
    let codes = [0, 1, 20, 100].map(|length| Bytes::from(vec![0xfe; length]));
    proptest::sample::select(codes.to_vec())
}

fn format() -> impl Strategy<Value = DumpFormat> + Clone {
    proptest::sample::select(vec![DumpFormat::GenesisAlloc, DumpFormat::Anvil])
}

fn loaded() -> impl Strategy<Value = LoadedAccount> {
    let account = (value(), nonce(), code()).prop_map(|(balance, nonce, code)| ModelAccount { balance, nonce, code });
    (address(), account, vec((slot(), value()), 0..3))
}

/// One operation; `writes` times as many writes of single values for each mark.
pub(crate) fn op(writes: u32) -> impl Strategy<Value = Op> {
    let pick = || any::<u8>().prop_map(Pick);
    let limit = || prop_oneof![0..4_usize, Just(usize::MAX)];
    prop_oneof![
        4 * writes => (address(), value()).prop_map(|(address, balance)| Op::SetBalance(address, balance)),
        3 * writes => (address(), nonce()).prop_map(|(address, nonce)| Op::SetNonce(address, nonce)),
        3 * writes => (address(), code()).prop_map(|(address, code)| Op::SetCode(address, code)),
        10 * writes => (address(), slot(), value()).prop_map(|(address, slot, value)| Op::SetStorage(address, slot, value)),
        1 => vec((address(), slot(), value()), 0..5).prop_map(Op::SetStorageBatch),
        4 => address().prop_map(Op::Delete),
        4 => address().prop_map(Op::ClearStorage),
        6 => Just(Op::Checkpoint),
        4 => Just(Op::Revert),
        3 => Just(Op::Commit),
        5 => Just(Op::Snapshot),
        4 => pick().prop_map(Op::RevertToSnapshot),
        3 => pick().prop_map(Op::DeleteSnapshot),
        1 => Just(Op::Reset),
        1 => (vec(loaded(), 0..3), format()).prop_map(|(accounts, format)| Op::Load(accounts, format)),
        1 => format().prop_map(Op::LoadOwnDump),
        1 => format().prop_map(Op::DumpIntoFresh),
        5 => proptest::option::of(pick()).prop_map(Op::Changes),
        2 => (proptest::option::of(address()), limit()).prop_map(|(after, limit)| Op::ListAccounts(after, limit)),
        3 => (address(), proptest::option::of(slot()), limit())
            .prop_map(|(address, after, limit)| Op::ListStorage(address, after, limit)),
        1 => vec(address(), 0..6).prop_map(Op::AccountBatch),
        1 => vec((address(), slot()), 0..6).prop_map(Op::StorageBatch),
        1 => (95..105_u64).prop_map(Op::BlockHash),
        1 => Just(Op::Roots),
        6 => (0..3_u64).prop_map(Op::Forget),
    ]
}

/// Runs `cases` random sequences of at most `longest` operations, each with a seed of its own for what else is random.
pub(crate) fn sequences(
    stream: u8,
    cases: u32,
    longest: usize,
    op: impl Strategy<Value = Op>,
    test: impl Fn(&[Op], u64) -> Result<(), String>,
) {
    let strategy = (vec(op, 1..=longest), any::<u64>());
    random::cases("sequences", stream, cases, strategy, |(ops, seed)| test(&ops, seed));
}
