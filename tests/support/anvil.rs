//! Foundry's node.
#![allow(dead_code, reason = "each program that includes this file uses some of it")]

#[path = "live_node.rs"]
pub(crate) mod live_node;

use live_node::{LiveNode, installed};
use std::ffi::OsStr;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;

/// An anvil on a free port of 127.0.0.1, killed on drop.
pub(crate) struct Anvil(LiveNode);

impl Anvil {
    /// Starts anvil and waits until it answers; `None`, after saying so, where there is none.
    pub(crate) fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Option<Self> {
        let binary = match std::env::var_os("WORLDSTATE_ANVIL") {
            Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
            None => installed("build/tools/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"),
        };
        let Some(binary) = binary else {
            println!("skipped: set WORLDSTATE_ANVIL");
            return None;
        };
        let mut command = Command::new(binary);
        command.args(["--host", "127.0.0.1", "--port", "0"]).args(arguments);
        Some(Self(LiveNode::start(command, "Listening on ")))
    }

    pub(crate) fn into_node(self) -> LiveNode {
        self.0
    }

    /// Asks the node to end, as a shell does, and waits until it has written what it writes then.
    pub(crate) fn terminate(self) {
        self.0.terminate();
    }
}

impl Deref for Anvil {
    type Target = LiveNode;

    fn deref(&self) -> &LiveNode {
        &self.0
    }
}
