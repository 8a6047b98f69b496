//! Who sends transactions: the accounts that a development node has money on, whose keys are public.

use crate::chain::Chain;
use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address, b256};
use serde_json::{Value, json};

pub(crate) const PEOPLE: [Address; 10] = [
    address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266"),
    address!("70997970c51812dc3a010c7d01b50e0d17dc79c8"),
    address!("3c44cdddb6a900fa2b585dd299e03d12fa4293bc"),
    address!("90f79bf6eb2c4f870365e785982e1f101e93b906"),
    address!("15d34aaf54267db7d7c367839aaf71a00a2c6a65"),
    address!("9965507d1a55bcc2695c58ba16fb37d819b0a4dc"),
    address!("976ea74026e726554db657fa54763abd0c3a0aa9"),
    address!("14dc79964da2c08b23698b3d3cc7ca32193d9955"),
    address!("23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f"),
    address!("a0ee7a142d267c1f36714e4a8f75612f20a79720"),
];

const KEYS: [B256; 10] = [
    b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    b256!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    b256!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    b256!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    b256!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    b256!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    b256!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    b256!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];

const GWEI: u128 = 1_000_000_000;

/// Which envelope a transaction comes in.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Legacy {
        protected: bool,
    },
    AccessList(Vec<(Address, Vec<U256>)>),
    Dynamic,
    /// Accounts of [`PEOPLE`], and what they delegate to.
    SetCode(Vec<(usize, Address)>),
}

/// A transaction without nonce and signature.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) label: String,
    /// Of [`PEOPLE`].
    pub(crate) from: usize,
    /// `None` for a creation.
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    pub(crate) data: Bytes,
    pub(crate) gas: u64,
    pub(crate) kind: Kind,
}

impl Draft {
    pub(crate) fn new(label: impl Into<String>, from: usize, to: Option<Address>, data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self { label: label.into(), from, to, value: U256::ZERO, data, gas: 6_000_000, kind: Kind::Dynamic }
    }

    pub(crate) fn value(self, wei: u64) -> Self {
        Self { value: U256::from(wei), ..self }
    }

    pub(crate) fn gas(self, gas: u64) -> Self {
        Self { gas, ..self }
    }

    pub(crate) fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// As `eth_call` takes it, without nonce and fee.
    pub(crate) fn to_json(&self, chain: &Chain) -> Value {
        let mut object = json!({
            "from": PEOPLE[self.from].to_string(), "value": format!("{:#x}", self.value),
            "data": self.data.to_string(), "gas": format!("{:#x}", self.gas),
        });
        if let Some(to) = self.to {
            object["to"] = to.to_string().into();
        }
        if let Kind::SetCode(delegations) = &self.kind {
            let signed = delegations.iter().map(|one| self.authorization(one, chain)).map(|signed| {
                json!({
                    "chainId": format!("{:#x}", signed.chain_id), "address": signed.address.to_string(),
                    "nonce": format!("{:#x}", signed.nonce), "yParity": format!("{:#x}", signed.y_parity()),
                    "r": format!("{:#x}", signed.r()), "s": format!("{:#x}", signed.s()),
                })
            });
            object["authorizationList"] = signed.collect();
        }
        object
    }

    /// The envelope for `eth_sendRawTransaction`.
    pub(crate) fn sign(&self, nonce: u64, chain: &Chain) -> Vec<u8> {
        let (chain_id, gas_limit, value, input) = (chain.id, self.gas, self.value, self.data.clone());
        let to = self.to.map_or(TxKind::Create, TxKind::Call);
        let key = KEYS[self.from];
        match &self.kind {
            Kind::Legacy { protected } => {
                let chain_id = protected.then_some(chain_id);
                signed(TxLegacy { chain_id, nonce, gas_price: 20 * GWEI, gas_limit, to, value, input }, key)
            }
            Kind::AccessList(list) => {
                let item = |(address, slots): &(Address, Vec<U256>)| AccessListItem {
                    address: *address,
                    storage_keys: slots.iter().map(|slot| B256::from(*slot)).collect(),
                };
                let access_list = AccessList(list.iter().map(item).collect());
                signed(
                    TxEip2930 { chain_id, nonce, gas_price: 20 * GWEI, gas_limit, to, value, access_list, input },
                    key,
                )
            }
            Kind::Dynamic => signed(
                TxEip1559 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: 30 * GWEI,
                    max_priority_fee_per_gas: 2 * GWEI,
                    to,
                    value,
                    access_list: AccessList::default(),
                    input,
                },
                key,
            ),
            Kind::SetCode(delegations) => signed(
                TxEip7702 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: 30 * GWEI,
                    max_priority_fee_per_gas: 2 * GWEI,
                    to: self.to.expect("a transaction of this type is no creation"),
                    value,
                    access_list: AccessList::default(),
                    authorization_list: delegations.iter().map(|one| self.authorization(one, chain)).collect(),
                    input,
                },
                key,
            ),
        }
    }

    fn authorization(&self, (authority, address): &(usize, Address), chain: &Chain) -> SignedAuthorization {
        // The sender's own nonce has gone up by then.
        let nonce = chain.nonce(PEOPLE[*authority]) + u64::from(*authority == self.from);
        let authorization = Authorization { chain_id: U256::from(chain.id), address: *address, nonce };
        let signature = sign_message(KEYS[*authority], authorization.signature_hash()).unwrap();
        authorization.into_signed(signature)
    }
}

fn signed<T: SignableTransaction<Signature>>(transaction: T, key: B256) -> Vec<u8>
where
    alloy_consensus::Signed<T>: Encodable2718,
{
    let signature = sign_message(key, transaction.signature_hash()).unwrap();
    transaction.into_signed(signature).encoded_2718()
}
