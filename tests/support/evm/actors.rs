//! The few accounts among which random executions go on, so that they meet.

use super::plain::Rules;
use super::program::{Op, assemble, program};
use super::world::{Account, World};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use proptest::collection::vec;
use proptest::prelude::*;
use revm::context::{BlockEnv, TxEnv};
use revm::context_interface::either::Either;
use revm::context_interface::transaction::{
    AccessList, AccessListItem, Authorization, RecoveredAuthority, RecoveredAuthorization,
};
use std::ops::Range;
use worldstate::evm::Hardfork;

pub const BLOCK_NUMBER: u64 = 1_000;
const BASE_FEE: u64 = 7;
pub const CONTRACTS: u8 = 5;
const SENDER: Address = Address::repeat_byte(0xe0);
const FRIEND: Address = Address::repeat_byte(0xe1);
const BENEFICIARY: Address = Address::repeat_byte(0xbe);
/// Delegates to a contract (EIP-7702).
const DELEGATE: Address = Address::repeat_byte(0xde);

pub fn contract(index: u8) -> Address {
    Address::repeat_byte(0xc0 + index % CONTRACTS)
}

/// One of those that occur.
pub fn address(choice: u8) -> Address {
    match choice % 32 {
        0..=15 => contract(choice),
        16 | 17 => SENDER,
        18 => FRIEND,
        19 => BENEFICIARY,
        20 | 21 => DELEGATE,
        22 => Address::ZERO,
        // What contracts create first.
        23 | 24 => contract(choice / 32).create(1),
        25 => SENDER.create(0),
        26 => Address::repeat_byte(0xab),
        other => Address::with_last_byte(other - 26),
    }
}

pub fn slot(choice: u8) -> u64 {
    u64::from(choice % 5)
}

/// An account with code, as the strategy makes it.
#[derive(Clone, Debug)]
pub struct Contract {
    program: Vec<Op>,
    balance: u8,
    storage: Vec<(u8, u8)>,
}

/// A world, a transaction, and the rules under which it runs.
#[derive(Clone, Debug)]
pub struct Scene {
    fork: usize,
    contracts: Vec<Contract>,
    delegate: u8,
    /// Whom it calls; `None` creates with `init`.
    to: Option<u8>,
    init: Vec<Op>,
    gas: u64,
    value: u8,
    wrong_nonce: bool,
    kind: u8,
    access: Vec<(u8, Vec<u8>)>,
    authorizations: Vec<(u8, u8, bool)>,
    beneficiary: u8,
}

pub fn scene() -> impl Strategy<Value = Scene> {
    let contract = (program(), 0..20_u8, vec((any::<u8>(), 0..4_u8), 0..5))
        .prop_map(|(program, balance, storage)| Contract { program, balance, storage });
    let few: Range<u64> = 21_000..120_000;
    let gas = prop_oneof![1 => few, 3 => 120_000..2_000_000_u64];
    let access = vec((any::<u8>(), vec(any::<u8>(), 0..3)), 0..4);
    let authorizations = vec((any::<u8>(), any::<u8>(), proptest::bool::weighted(0.8)), 1..4);
    let fork = prop_oneof![1 => 0..Hardfork::ALL.len(), 1 => Hardfork::ALL.len() - 3..Hardfork::ALL.len()];
    let what = (proptest::option::weighted(0.9, any::<u8>()), program(), gas, 0..4_u8, proptest::bool::weighted(0.02));
    let with = (any::<u8>(), access, authorizations, any::<u8>());
    (fork, vec(contract, usize::from(CONTRACTS)), any::<u8>(), what, with).prop_map(
        |(fork, contracts, delegate, what, with)| {
            let (to, init, gas, value, wrong_nonce) = what;
            let (kind, access, authorizations, beneficiary) = with;
            Scene {
                fork,
                contracts,
                delegate,
                to,
                init,
                gas,
                value,
                wrong_nonce,
                kind,
                access,
                authorizations,
                beneficiary,
            }
        },
    )
}

impl Scene {
    pub fn hardfork(&self) -> Hardfork {
        Hardfork::ALL[self.fork]
    }

    pub fn rules(&self) -> Rules {
        let hardfork = self.hardfork();
        let mut block = BlockEnv {
            number: U256::from(BLOCK_NUMBER),
            beneficiary: if self.beneficiary < 200 { BENEFICIARY } else { address(self.beneficiary) },
            timestamp: U256::from(1_700_000_000_u64),
            gas_limit: 30_000_000,
            basefee: if hardfork < Hardfork::London { 0 } else { BASE_FEE },
            difficulty: U256::from(0x20000),
            prevrandao: Some(B256::repeat_byte(0x77)),
            ..BlockEnv::default()
        };
        let prague = hardfork >= Hardfork::Prague;
        block.set_blob_excess_gas_and_price(0, if prague { 5_007_716 } else { 3_338_477 });
        Rules {
            fork: hardfork.name().to_owned(),
            spec: hardfork.spec(),
            chain_id: 1,
            max_blobs: Some(if hardfork == Hardfork::Prague { 9 } else { 6 }),
            blob_fraction: None,
            block,
        }
    }

    /// Without empty accounts, which a host could not tell from absent ones.
    pub fn world(&self) -> World {
        let spec = self.hardfork().spec();
        let mut world = World::default();
        for (index, contract) in (0..).zip(&self.contracts) {
            let account = Account {
                balance: U256::from(contract.balance),
                nonce: 1,
                code: assemble(&contract.program, spec).into(),
                storage: contract
                    .storage
                    .iter()
                    .filter(|(_, value)| *value != 0)
                    .map(|(choice, value)| (U256::from(slot(*choice)), U256::from(*value)))
                    .collect(),
            };
            world.0.insert(self::contract(index), account);
        }
        let rich = Account { balance: U256::from(10).pow(U256::from(18)), ..Account::default() };
        world.0.insert(SENDER, rich);
        world.0.insert(FRIEND, Account { balance: U256::ONE, ..Account::default() });
        let code = [&[0xef, 0x01, 0x00], address(self.delegate).as_slice()].concat();
        world.0.insert(DELEGATE, Account { nonce: 1, code: code.into(), ..Account::default() });
        world
    }

    pub fn transaction(&self) -> TxEnv {
        let hardfork = self.hardfork();
        let spec = hardfork.spec();
        let kinds = match hardfork {
            Hardfork::Prague | Hardfork::Osaka => 5,
            Hardfork::Cancun => 4,
            hardfork if hardfork >= Hardfork::London => 3,
            Hardfork::Berlin => 2,
            _ => 1,
        };
        let mut tx_type = self.kind % kinds;
        if self.to.is_none() && tx_type >= 3 {
            tx_type = 2;
        }
        let access = self.access.iter().map(|(of, slots)| AccessListItem {
            address: address(*of),
            storage_keys: slots.iter().map(|choice| B256::from(U256::from(slot(*choice)))).collect(),
        });
        let authorization = |(of, to, valid): &(u8, u8, bool)| {
            let nonce = u64::from(address(*of) != SENDER || !valid);
            let inner = Authorization { chain_id: U256::from(u8::from(*valid)), address: address(*to), nonce };
            let authority =
                if of % 8 == 7 { RecoveredAuthority::Invalid } else { RecoveredAuthority::Valid(address(*of)) };
            Either::Right(RecoveredAuthorization::new_unchecked(inner, authority))
        };
        let blob = B256::with_last_byte(1).map_first();
        TxEnv {
            tx_type,
            caller: SENDER,
            gas_limit: self.gas,
            gas_price: 10,
            kind: self.to.map_or(TxKind::Create, |to| TxKind::Call(address(to))),
            value: U256::from(self.value),
            data: if self.to.is_none() { assemble(&self.init, spec).into() } else { Bytes::from_static(&[1, 2, 3, 0]) },
            nonce: u64::from(self.wrong_nonce),
            chain_id: Some(1),
            access_list: if tx_type == 0 { AccessList::default() } else { AccessList(access.collect()) },
            gas_priority_fee: (tx_type >= 2).then_some(2),
            blob_hashes: if tx_type == 3 { vec![blob] } else { Vec::new() },
            max_fee_per_blob_gas: if tx_type == 3 { 1_000 } else { 0 },
            authorization_list: if tx_type == 4 {
                self.authorizations.iter().map(authorization).collect()
            } else {
                Vec::new()
            },
        }
    }
}

trait BlobHash {
    /// As a versioned hash of a blob.
    fn map_first(self) -> Self;
}

impl BlobHash for B256 {
    fn map_first(mut self) -> Self {
        self.0[0] = 1;
        self
    }
}
