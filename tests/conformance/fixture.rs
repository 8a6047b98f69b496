//! The state tests of a fixture file.

use crate::evm::plain::Rules;
use crate::evm::world::{Account, World};
use crate::value::{address, bytes, field, hash, integer, list, number, text};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use revm::context::{BlockEnv, TxEnv};
use revm::context_interface::either::Either;
use revm::context_interface::transaction::{AccessList, AccessListItem, Authorization, SignedAuthorization};
use revm::primitives::hardfork::SpecId;
use serde_json::Value;
use std::rc::Rc;

/// Everything that one execution is to show.
pub(crate) struct Expected {
    pub(crate) exception: Option<String>,
    pub(crate) root: B256,
    pub(crate) logs: B256,
    /// The full post state, where the fixture has it.
    pub(crate) state: Option<World>,
}

/// One execution.
pub(crate) struct Case {
    /// `file/test/fork/d0g0v0`.
    pub(crate) name: String,
    pub(crate) folder: String,
    pub(crate) fork: String,
    /// `None`: rules that revm has not.
    pub(crate) rules: Option<Rules>,
    pub(crate) pre: Rc<World>,
    /// `Err`: fields that no transaction can have.
    pub(crate) tx: Result<TxEnv, String>,
    /// The signed transaction.
    pub(crate) raw: Bytes,
    pub(crate) expected: Expected,
}

/// All cases of the file's text; none where it is no state test. `path` is relative to the fixture directory.
pub(crate) fn cases(path: &str, content: &[u8]) -> Result<Vec<Case>, String> {
    let file: Value = serde_json::from_slice(content).map_err(|error| error.to_string())?;
    let stem = path.trim_end_matches(".json");
    let folder = stem.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut cases = Vec::new();
    for (test, unit) in file.as_object().into_iter().flatten() {
        if !["env", "pre", "transaction", "post"].into_iter().all(|part| unit.get(part).is_some_and(Value::is_object)) {
            continue;
        }
        let pre = Rc::new(world(&unit["pre"])?);
        for (fork, posts) in unit["post"].as_object().into_iter().flatten() {
            let rules = rules(unit, fork)?;
            for post in list(posts)? {
                let indexes = Indexes::of(post)?;
                cases.push(Case {
                    name: format!("{stem}/{test}/{fork}/{indexes}"),
                    folder: folder.to_owned(),
                    fork: fork.clone(),
                    rules: rules.clone(),
                    pre: pre.clone(),
                    tx: transaction(&unit["transaction"], &indexes, fork),
                    raw: bytes(field(post, "txbytes")?)?,
                    expected: Expected {
                        exception: post.get("expectException").and_then(Value::as_str).map(str::to_owned),
                        root: hash(field(post, "hash")?)?,
                        logs: hash(field(post, "logs")?)?,
                        state: post.get("state").map(world).transpose()?,
                    },
                });
            }
        }
    }
    Ok(cases)
}

pub(crate) fn world(accounts: &Value) -> Result<World, String> {
    let mut world = World::default();
    for (key, value) in accounts.as_object().ok_or("accounts are not an object")? {
        let mut account = Account {
            balance: number(field(value, "balance")?)?,
            nonce: integer(field(value, "nonce")?)?,
            code: bytes(field(value, "code")?)?,
            ..Account::default()
        };
        for (slot, value) in field(value, "storage")?.as_object().ok_or("storage is not an object")? {
            let value = number(value)?;
            if !value.is_zero() {
                account.storage.insert(slot.parse().map_err(|error| format!("slot {slot}: {error}"))?, value);
            }
        }
        world.0.insert(key.parse().map_err(|error| format!("address {key}: {error}"))?, account);
    }
    Ok(world)
}

/// The rules of a fork as the fixtures name it.
fn spec(fork: &str) -> Result<Option<SpecId>, String> {
    Ok(Some(match fork {
        "Frontier" => SpecId::FRONTIER,
        "Homestead" => SpecId::HOMESTEAD,
        "EIP150" => SpecId::TANGERINE,
        "EIP158" => SpecId::SPURIOUS_DRAGON,
        "Byzantium" => SpecId::BYZANTIUM,
        // With EIP-1283, which the next fork took back: revm goes straight to that one.
        "Constantinople" => return Ok(None),
        "ConstantinopleFix" => SpecId::PETERSBURG,
        "Istanbul" => SpecId::ISTANBUL,
        "Berlin" => SpecId::BERLIN,
        "London" => SpecId::LONDON,
        "Paris" | "Merge" => SpecId::MERGE,
        "Shanghai" => SpecId::SHANGHAI,
        "Cancun" => SpecId::CANCUN,
        "Prague" => SpecId::PRAGUE,
        "Osaka" => SpecId::OSAKA,
        other => return Err(format!("unknown fork {other}")),
    }))
}

fn rules(unit: &Value, fork: &str) -> Result<Option<Rules>, String> {
    let Some(spec) = spec(fork)? else { return Ok(None) };
    let config = unit.get("config");
    let schedule = config.and_then(|config| config.get("blobSchedule")?.get(fork));
    let scheduled = |name: &str| schedule.and_then(|schedule| schedule.get(name)).map(integer).transpose();
    let max_blobs = match scheduled("max")? {
        // EIP-7594: six in a transaction, however many fit in a block.
        Some(max) if spec.is_enabled_in(SpecId::OSAKA) => Some(max.min(6)),
        Some(max) => Some(max),
        None => Some(if spec.is_enabled_in(SpecId::PRAGUE) { 9 } else { 6 }),
    };
    let blob_fraction = scheduled("baseFeeUpdateFraction")?;
    let env = &unit["env"];
    let given = |name: &str| env.get(name);
    let mut block = BlockEnv {
        number: number(field(env, "currentNumber")?)?,
        beneficiary: address(field(env, "currentCoinbase")?)?,
        timestamp: number(field(env, "currentTimestamp")?)?,
        gas_limit: number(field(env, "currentGasLimit")?)?.saturating_to(),
        basefee: given("currentBaseFee").map_or(Ok(0), integer)?,
        difficulty: given("currentDifficulty").map_or(Ok(U256::ZERO), number)?,
        prevrandao: given("currentRandom").map(number).transpose()?.map(B256::from),
        blob_excess_gas_and_price: None,
        slot_num: 0,
    };
    if let Some(excess) = given("currentExcessBlobGas") {
        let fraction = blob_fraction.unwrap_or(if spec.is_enabled_in(SpecId::PRAGUE) { 5_007_716 } else { 3_338_477 });
        block.set_blob_excess_gas_and_price(integer(excess)?, fraction);
    }
    let chain_id = config.and_then(|config| config.get("chainid")).map_or(Ok(1), integer)?;
    Ok(Some(Rules { fork: fork.to_owned(), spec, chain_id, max_blobs, blob_fraction, block }))
}

struct Indexes {
    data: usize,
    gas: usize,
    value: usize,
}

impl Indexes {
    fn of(post: &Value) -> Result<Self, String> {
        let indexes = field(post, "indexes")?;
        let index = |name| {
            let index = field(indexes, name)?.as_u64().ok_or("an index is not a number")?;
            usize::try_from(index).map_err(|error| error.to_string())
        };
        Ok(Self { data: index("data")?, gas: index("gas")?, value: index("value")? })
    }
}

impl std::fmt::Display for Indexes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "d{}g{}v{}", self.data, self.gas, self.value)
    }
}

/// The transaction from its JSON fields, not from the signed bytes: these are for the other side.
fn transaction(tx: &Value, indexes: &Indexes, fork: &str) -> Result<TxEnv, String> {
    let at = |name: &str, index: usize| list(field(tx, name)?)?.get(index).ok_or(format!("no {name} at {index}"));
    let fee = |name: &str| tx.get(name).map(|value| number(value).map(|fee| fee.saturating_to::<u128>())).transpose();
    let access_list = match tx.get("accessLists").map(|_| at("accessLists", indexes.data)).transpose()? {
        Some(Value::Null) | None => None,
        Some(entries) => Some(access_list(entries)?),
    };
    let authorizations = tx.get("authorizationList").filter(|list| !list.is_null());
    let (max_fee, blob_fee) = (fee("maxFeePerGas")?, fee("maxFeePerBlobGas")?);
    let tx_type = match () {
        () if authorizations.is_some() => 4,
        () if blob_fee.is_some() => 3,
        () if max_fee.is_some() => 2,
        () if access_list.is_some() => 1,
        () => 0,
    };
    let kind = match text(field(tx, "to")?)? {
        "" => TxKind::Create,
        to => TxKind::Call(to.parse::<Address>().map_err(|error| error.to_string())?),
    };
    if kind.is_create() && tx_type >= 3 {
        // No bytes spell such a transaction, and revm is not asked.
        return Err(format!("{} create transaction", if tx_type == 3 { "blob" } else { "authorization list" }));
    }
    let hashes = tx.get("blobVersionedHashes").map_or(Ok(&[][..]), list)?;
    Ok(TxEnv {
        tx_type,
        caller: address(field(tx, "sender")?)?,
        gas_limit: number(at("gasLimit", indexes.gas)?)?.saturating_to(),
        gas_price: fee("gasPrice")?.or(max_fee).ok_or(format!("no fee for {fork}"))?,
        kind,
        value: number(at("value", indexes.value)?)?,
        data: bytes(at("data", indexes.data)?)?,
        nonce: integer(field(tx, "nonce")?)?,
        chain_id: (tx_type != 0).then_some(1),
        access_list: access_list.unwrap_or_default(),
        gas_priority_fee: fee("maxPriorityFeePerGas")?,
        blob_hashes: hashes.iter().map(hash).collect::<Result<_, _>>()?,
        max_fee_per_blob_gas: blob_fee.unwrap_or_default(),
        authorization_list: authorizations
            .map_or(Ok(&[][..]), list)?
            .iter()
            .map(|entry| authorization(entry).map(Either::Left))
            .collect::<Result<_, _>>()?,
    })
}

fn access_list(entries: &Value) -> Result<AccessList, String> {
    let entry = |entry: &Value| {
        let keys = list(field(entry, "storageKeys")?)?;
        let storage_keys = keys.iter().map(|key| number(key).map(B256::from)).collect::<Result<_, _>>()?;
        Ok(AccessListItem { address: address(field(entry, "address")?)?, storage_keys })
    };
    Ok(AccessList(list(entries)?.iter().map(entry).collect::<Result<_, String>>()?))
}

fn authorization(entry: &Value) -> Result<SignedAuthorization, String> {
    let authorization = Authorization {
        chain_id: number(field(entry, "chainId")?)?,
        address: address(field(entry, "address")?)?,
        nonce: integer(field(entry, "nonce")?)?,
    };
    let parity = integer(entry.get("yParity").map_or_else(|| field(entry, "v"), Ok)?)?;
    let parity = u8::try_from(parity).map_err(|error| error.to_string())?;
    Ok(SignedAuthorization::new_unchecked(
        authorization,
        parity,
        number(field(entry, "r")?)?,
        number(field(entry, "s")?)?,
    ))
}
