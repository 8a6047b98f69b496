//! What a fork holds besides its cache: reading it, handing it on, and being content with it.

use super::Fork;
use super::block::{BlockTag, PinnedBlock};
use super::call::Call;
use super::inner::Inner;
use super::levels::Held;
use super::located;
use super::options::{LogLevel, Verify};
use super::plan::{Plan, Want};
use super::recording::Recording;
use super::run::Run;
use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::shelf::Read;
use crate::state::Request;
use crate::store::Record;
use std::path::Path;
use std::time::Instant;

impl Fork {
    /// Reads from the cache, or from what is held behind it.
    pub(super) fn read_held<T>(&self, want: Want, mut look_up: impl FnMut(&mut Inner) -> Option<T>) -> Option<T> {
        let mut inner = self.inner.lock();
        if let Some(value) = look_up(&mut inner) {
            inner.stats.hits += 1;
            return Some(value);
        }
        drop(inner);
        let held = self.levels.find(want.request, want.code_hash)?;
        let mut inner = self.inner.lock();
        inner.take_held(want.request, held, Read::Next);
        let value = look_up(&mut inner);
        inner.stats.hits += u64::from(value.is_some());
        value
    }

    /// Takes into the cache what is held behind it.
    pub(super) fn take_held(&self, wants: &[Want]) {
        if self.levels.is_empty() {
            return;
        }
        let open: Vec<Want> = {
            let inner = self.inner.lock();
            wants.iter().filter(|want| !inner.is_ready(want)).copied().collect()
        };
        let held: Vec<(Request, Held)> = open
            .iter()
            .filter_map(|want| Some((want.request, self.levels.find(want.request, want.code_hash)?)))
            .collect();
        if held.is_empty() {
            return;
        }
        let mut inner = self.inner.lock();
        for (request, held) in held {
            inner.take_held(request, held, Read::Later);
        }
    }

    /// Opens the file of the persistent cache once the block is known.
    pub(super) fn attach_store(&self) -> Result<()> {
        if self.options.cache_dir.is_none() || self.options.offline || self.levels.stored().is_some() {
            return Ok(());
        }
        let (pin, genesis, is_final) = {
            let inner = self.inner.lock();
            let Some(pin) = inner.pin else { return Ok(()) };
            (pin, inner.genesis(), inner.is_final())
        };
        if let Some((store, scope)) = located::enter(&self.options, &pin, genesis, is_final)? {
            self.levels.attach(store, scope);
            self.inner.lock().store_linked(0);
            self.answer_from_held();
        }
        self.tell_of_store();
        Ok(())
    }

    /// Hands on what the persistent cache has to tell.
    fn tell_of_store(&self) {
        let messages = self.levels.stored().map(|(store, _)| store.take_messages()).unwrap_or_default();
        if messages.is_empty() {
            return;
        }
        let mut inner = self.inner.lock();
        for message in messages {
            inner.journal.write(LogLevel::Warning, || message);
        }
        drop(inner);
        self.tell();
    }

    /// Answers the questions that waited for the block and turn out to be held.
    fn answer_from_held(&self) {
        let questions = self.inner.lock().open_questions();
        let held: Vec<(Request, Held)> =
            questions.into_iter().filter_map(|request| Some((request, self.levels.find(request, None)?))).collect();
        if held.is_empty() || self.wire.is_some() {
            return;
        }
        let mut inner = self.inner.lock();
        for (request, held) in held {
            inner.take_held(request, held, Read::Later);
            inner.withdraw(request);
        }
    }

    /// Refuses what is not here and would have to be asked for.
    pub(super) fn refuse_offline(&self, wants: &[Want]) -> Result<()> {
        let inner = self.inner.lock();
        let Some(want) = wants.iter().find(|want| !inner.is_ready(want)) else { return Ok(()) };
        let block = inner.pin.map_or_else(|| self.options.block.to_string(), |pin| pin.number.to_string());
        let place = match (&self.options.cache_dir, &self.options.recording) {
            (Some(dir), Some(file)) => format!("the cache {} nor in the recording {}", dir.display(), file.display()),
            (Some(dir), None) => format!("the cache {}", dir.display()),
            (None, Some(file)) => format!("the recording {}", file.display()),
            (None, None) => "what the fork holds".to_owned(),
        };
        let either =
            if self.options.cache_dir.is_some() && self.options.recording.is_some() { "neither" } else { "not" };
        Err(Error::Offline(format!(
            "{} at block {block} is {either} in {place}: read it once with the same cache_dir and not offline, or record it anew",
            want.request
        )))
    }

    /// Writes everything that was fetched to the persistent cache, and waits until it is on the disk.
    ///
    /// Of a block that is not final, only what a look at the chain has confirmed is written: where the fork carries its
    /// requests itself, it looks now.
    ///
    /// # Errors
    /// `InvalidState` for a fork without a persistent cache; `Cache` when the disk refused; `Reorg` when the block has
    /// left the chain, `RpcFailed` when that could not be found out: what is not confirmed is not written then.
    pub fn flush(&self) -> Result<()> {
        self.attach_store()?;
        let confirmed = self.confirm();
        let flushed = self.levels.flush();
        self.tell_of_store();
        flushed.and(confirmed)
    }

    /// Looks whether the chain still has the block, if something that was fetched waits for that.
    fn confirm(&self) -> Result<()> {
        let Some(wire) = self.wire.as_ref().filter(|_| !self.options.offline) else { return Ok(()) };
        {
            let mut inner = self.inner.lock();
            if inner.watch.is_confirmed() {
                return Ok(());
            }
            inner.watch.missed(Instant::now());
        }
        // Any request takes the look along.
        let mut plan = Plan::default();
        plan.add_call(Call::ChainId);
        Run::new(self, wire, plan).finish();
        self.tell();
        let inner = self.inner.lock();
        let Some(pin) = inner.pin.filter(|_| !inner.watch.is_confirmed()) else { return Ok(()) };
        let what = format!("what was fetched of block {} ({}) last is not written", pin.number, pin.hash);
        Err(if inner.watch.is_lost() {
            Error::Reorg(format!("{what}: the block has left the chain"))
        } else {
            Error::RpcFailed(format!("{what}: the node did not tell whether the chain still has the block"))
        })
    }

    /// Writes everything that is held of the block to a file which [`Self::import`] and the option `recording` read: what
    /// the persistent cache has of it, what was imported, and what the cache in memory has not dropped.
    ///
    /// The file is there whole or not at all; one of this name is replaced. Trie nodes that are in
    /// memory are written too, so that roots and proofs come out of it as well. A fork that verifies asks for those that
    /// prove the values and that it no longer holds.
    ///
    /// # Errors
    /// `InvalidState` for a fork that is not pinned; `Missing` while the host has not answered for the block; `Cache` when
    /// the file cannot be written.
    pub fn export(&self, path: &Path) -> Result<()> {
        let block = self.block()?;
        self.attach_store()?;
        let tag = match &self.options.block {
            BlockTag::Number(_) | BlockTag::Hash(_) | BlockTag::Verbatim(_) => None,
            tag => Some(tag.to_string()),
        };
        let mut recording = Recording::new(block, tag);
        for other in self.levels.recordings() {
            recording.extend(&other);
        }
        if let Some((store, scope)) = self.levels.stored() {
            store.flush()?;
            store.each(scope, &mut |record| recording.add(record))?;
        }
        self.tell_of_store();
        self.inner.lock().record(&mut recording);
        if self.options.verify != Verify::Off {
            let witness = self.gather_witness(&recording.keys())?;
            recording.add_proof(&witness)?;
        }
        recording.write(path)
    }

    /// Reads a file of [`Self::export`]. What it holds is answered from then on, and given to the persistent cache where
    /// there is one.
    ///
    /// # Errors
    /// `Cache` for a file that cannot be read or is not whole; `InvalidInput` for one of another block; `ProofInvalid` for
    /// one that does not prove its values to a fork that verifies. Nothing of it is kept then.
    pub fn import(&self, path: &Path) -> Result<()> {
        let PinnedBlock { chain_id, number, hash, .. } = self.block()?;
        let recording = Recording::read(path)?;
        let other = recording.block;
        if (other.chain_id, other.hash) != (chain_id, hash) {
            return Err(Error::InvalidInput(format!(
                "recording {} is of block {} {} of chain {}, and the fork of block {number} {hash} of chain {chain_id}",
                path.display(),
                other.number,
                other.hash,
                other.chain_id
            )));
        }
        self.attach_store()?;
        self.take_recording(recording)
    }

    pub(super) fn take_recording(&self, mut recording: Recording) -> Result<()> {
        if self.options.verify != Verify::Off {
            let root = self.inner.lock().pin.and_then(|pin| pin.state_root);
            let root = root.ok_or_else(|| Error::InvalidState("the state root of the block is not known".into()))?;
            recording.prove(root)?;
        }
        if !self.options.offline {
            for (&address, &account) in &recording.accounts {
                self.levels.keep(|scope| Record::Account(scope, address, account));
            }
            for (&SlotKey(address, slot), &value) in &recording.slots {
                self.levels.keep(|scope| Record::Slot(scope, address, slot, value));
            }
            for (&number, &hash) in &recording.block_hashes {
                self.levels.keep(|scope| Record::BlockHash(scope, number, hash));
            }
            for (&hash, code) in &recording.codes {
                self.levels.keep(|_| Record::Code(hash, code.clone()));
            }
            for (&hash, node) in &recording.nodes {
                self.levels.keep(|_| Record::Node(hash, node.clone()));
            }
        }
        self.levels.add(recording);
        Ok(())
    }
}
