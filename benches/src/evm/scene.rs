//! The contracts of `tests/contracts`, deployed and populated as `scene.mjs` says.

use super::plain;
use super::{Call, Workload, World};
use alloy_primitives::{Address, Bytes, U256};
use serde_json::Value;
use std::error::Error;
use std::fs;
use std::path::Path;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../build/contracts");

/// A call of the scene, with its label, and the same call with other arguments.
pub struct SceneCall {
    /// What it does, in a few words.
    pub label: String,
    /// The call.
    pub call: Call,
    /// The call with other arguments.
    pub again: Call,
}

/// A populated world, and what there is to call in it.
pub struct Scene {
    /// All accounts after the setup.
    pub world: World,
    /// Calls, each for itself on that world.
    pub calls: Vec<SceneCall>,
    contracts: Value,
}

fn parse<T: std::str::FromStr>(value: &Value) -> Result<T, Box<dyn Error>>
where
    T::Err: Error + 'static,
{
    Ok(value.as_str().ok_or("a text is missing in scene.json")?.parse()?)
}

impl Scene {
    /// Plays the setup.
    ///
    /// # Errors
    /// When the compiled contracts are not there, or a transaction fails.
    pub fn load() -> Result<Self, Box<dyn Error>> {
        let scene: Value = serde_json::from_slice(&fs::read(Path::new(DIRECTORY).join("scene.json"))?)?;
        let list = |name: &str| scene[name].as_array().cloned().ok_or(format!("scene.json has no {name}"));
        let mut genesis = World::default();
        for person in list("people")? {
            genesis.account(parse(&person)?).balance = U256::from(10).pow(U256::from(22));
        }
        let mut transactions = Vec::new();
        for entry in list("setup")? {
            let to = if entry["to"].is_null() { None } else { Some(parse(&entry["to"])?) };
            let transaction = plain::transaction(parse(&entry["from"])?, to, parse(&entry["data"])?);
            transactions.push((parse::<String>(&entry["label"])?, transaction));
        }
        let world = plain::play(&genesis, transactions)?;
        let mut calls = Vec::new();
        for entry in list("calls")? {
            let (from, to) = (parse(&entry["from"])?, parse(&entry["to"])?);
            let call = Call { from, to, data: parse(&entry["data"])? };
            let again = Call { data: parse(&entry["again"])?, ..call.clone() };
            calls.push(SceneCall { label: parse(&entry["label"])?, call, again });
        }
        Ok(Self { world, calls, contracts: scene["contracts"].clone() })
    }

    /// 1,000 transfers of a token to 16 owners in turn, each by a call of the token's contract.
    ///
    /// # Errors
    /// When the compiled contracts are not there.
    pub fn transfer_loop(&self) -> Result<Workload, Box<dyn Error>> {
        let artifact: Value = serde_json::from_slice(&fs::read(Path::new(DIRECTORY).join("Airdrop.json"))?)?;
        let selector: U256 = format!("0x{}", parse::<String>(&artifact["selectors"][RAIN])?).parse()?;
        let token: Address = parse(&self.contracts["apple"])?;
        let arguments =
            [token.into_word().into(), U256::from(3), U256::from(0xabc_0000), U256::from(16), U256::from(1_000)];
        let mut data = selector.to_be_bytes::<32>()[28..].to_vec();
        for argument in arguments {
            data.extend(argument.to_be_bytes::<32>());
        }
        let call =
            Call { from: self.calls[0].call.from, to: parse(&self.contracts["airdrop"])?, data: Bytes::from(data) };
        Ok(Workload { id: "evm_transfer", what: "ERC-20 transfers, 1,000", world: self.world.clone(), call })
    }
}

const RAIN: &str = "rain(address,uint256,uint160,uint256,uint256)";
