//! Real nodes of three kinds, and how their state is written.
#![allow(dead_code, reason = "each program that includes this file uses some of it")]

#[path = "anvil.rs"]
mod anvil;

use anvil::Anvil;
use anvil::live_node::{LiveNode, installed};
use serde_json::{Value, json};
use std::process::Command;

pub(crate) use anvil::live_node;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Anvil,
    Hardhat,
    Ganache,
}

impl Kind {
    /// Starts a node; `None`, after saying so, where it is not installed.
    pub(crate) fn start(self) -> Option<LiveNode> {
        match self {
            Self::Anvil => Anvil::start(["--chain-id", "31337"]).map(Anvil::into_node),
            Self::Hardhat => {
                let mut command = Command::new("node");
                command.arg(package("hardhat/internal/cli/cli.js")?);
                // It looks for its configuration, and for itself, where it is run.
                command.current_dir(package("../hardhat.config.cjs")?.parent()?);
                command.args(["node", "--hostname", "127.0.0.1", "--port", "0"]);
                command.env("HARDHAT_DISABLE_TELEMETRY_PROMPT", "true");
                Some(LiveNode::start(command, "Started HTTP and WebSocket JSON-RPC server at http://"))
            }
            Self::Ganache => {
                let (script, ganache) = (installed("tools/nodes/ganache.cjs")?, package("ganache/dist/node/core.js")?);
                let mut command = Command::new("node");
                command.arg(script).arg(ganache);
                Some(LiveNode::start(command, "Listening on "))
            }
        }
    }

    /// The call that sets `what`: `Balance`, `Nonce`, `Code`, `StorageAt`.
    pub(crate) fn set(self, what: &str) -> String {
        match self {
            Self::Anvil => format!("anvil_set{what}"),
            Self::Hardhat => format!("hardhat_set{what}"),
            Self::Ganache => format!("evm_setAccount{what}"),
        }
    }

    pub(crate) fn mine(self, node: &LiveNode, blocks: u64) {
        match self {
            Self::Anvil => node.rpc("anvil_mine", &json!([format!("{blocks:#x}")])),
            Self::Hardhat => node.rpc("hardhat_mine", &json!([format!("{blocks:#x}")])),
            Self::Ganache => node.rpc("evm_mine", &json!([{"blocks": blocks}])),
        };
    }

    /// A slot as this node's setter takes it: hardhat refuses leading zeros there, ganache wants them.
    pub(crate) fn slot(self, slot: u64) -> Value {
        if self == Self::Hardhat { json!(format!("{slot:#x}")) } else { json!(format!("{slot:#066x}")) }
    }
}

fn package(file: &str) -> Option<std::path::PathBuf> {
    let found = installed(&format!("build/nodes/node_modules/{file}"));
    if found.is_none() {
        println!("skipped: run tools/setup.sh nodes");
    }
    found
}
