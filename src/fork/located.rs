//! Finding the block of a fork without asking a node: in the persistent cache, or in a recording.

use super::block::{BlockTag, PinnedBlock};
use super::options::{ForkOptions, Verify};
use super::recording::Recording;
use crate::error::{Error, Result};
use crate::store::{Block, Chain, Scope, Store};
use alloy_primitives::B256;
use std::path::Path;
use std::sync::Arc;

/// A block that is known already, with the place of its values where it comes from the store.
pub(super) struct Located {
    pub(super) block: PinnedBlock,
    pub(super) stored: Option<(Arc<Store>, Scope)>,
}

/// What is known of the block that the options name.
///
/// A recording answers to the number and hash of its block, and to every tag: it was given for that. The persistent cache
/// answers to a hash; to a number where `chain_id` leaves no doubt about the chain and the block was final when it was
/// recorded; and to tags only offline, with what they meant when they were recorded last.
pub(super) fn locate(options: &ForkOptions, recording: Option<&Recording>) -> Result<Option<Located>> {
    if let Some(recording) = recording {
        return of_recording(options, recording).map(Some);
    }
    let Some(dir) = &options.cache_dir else { return Ok(None) };
    let verified = options.verify != Verify::Off;
    let trusted = if let Verify::BlockHash(hash) = options.verify { Some(hash) } else { None };
    let mut found = match (&options.block, trusted) {
        (&BlockTag::Hash(hash), _) | (_, Some(hash)) => in_chains(options, dir, |store| store.by_hash(hash, verified))?,
        (BlockTag::Number(number), None) if options.chain_id.is_some() || options.offline => {
            in_one_chain(options, dir, |store| store.by_number(*number, verified))?
        }
        (BlockTag::Number(_), None) => None,
        (tag, None) if options.offline => in_one_chain(options, dir, |store| store.tag(&tag.to_string(), verified))?,
        _ => None,
    };
    if let Some(located) = &found
        && !suits(options, &located.block)
    {
        found = None;
    }
    match found {
        None if options.offline => Err(Error::Offline(format!(
            "block {} is not in the cache {}: open the fork once with the same cache_dir and not offline",
            options.block,
            dir.display()
        ))),
        found => Ok(found),
    }
}

/// Whether the block is one that the options can mean.
fn suits(options: &ForkOptions, block: &PinnedBlock) -> bool {
    let named = match options.block {
        BlockTag::Number(number) => number == block.number,
        BlockTag::Hash(hash) => hash == block.hash,
        _ => true,
    };
    let trusted = match options.verify {
        Verify::Off => true,
        Verify::BlockHash(hash) => hash == block.hash,
        Verify::StateRoot(root) => block.state_root == Some(root),
    };
    named && trusted && options.chain_id.is_none_or(|id| id == block.chain_id)
}

fn of_recording(options: &ForkOptions, recording: &Recording) -> Result<Located> {
    let block = recording.block;
    if let Verify::BlockHash(_) = options.verify {
        return Err(Error::InvalidInput(
            "a recording is checked against a trusted state root, which a block hash does not tell".into(),
        ));
    }
    if !suits(options, &block) {
        let root = block.state_root.map_or_else(String::new, |root| format!(" with the state root {root}"));
        return Err(Error::InvalidInput(format!(
            "the recording is of block {} {} of chain {}{root}, and the options ask for another",
            block.number, block.hash, block.chain_id
        )));
    }
    let stored = match &options.cache_dir {
        None => None,
        Some(dir) => {
            let verified = options.verify != Verify::Off;
            in_chains(options, dir, |store| store.by_hash(block.hash, verified))?.and_then(|located| located.stored)
        }
    };
    Ok(Located { block, stored })
}

/// The files of the persistent cache that the options allow.
fn chains(options: &ForkOptions, dir: &Path) -> Result<Vec<Chain>> {
    let mut chains = Store::chains(dir)?;
    chains.retain(|chain| {
        options.chain_id.is_none_or(|id| id == chain.id)
            && options.network.as_ref().is_none_or(|network| *network == chain.network)
    });
    Ok(chains)
}

fn in_store(
    options: &ForkOptions,
    dir: &Path,
    chain: &Chain,
    find: impl Fn(&Store) -> Option<(Block, Scope)>,
) -> Result<Option<Located>> {
    let store = Store::open(dir, chain, options.cache_max_bytes)?;
    Ok(find(&store).map(|(Block { number, hash, state_root, .. }, scope)| Located {
        block: PinnedBlock { chain_id: chain.id, number, hash, state_root },
        stored: Some((store, scope)),
    }))
}

/// Looks through all chains: for what names its chain itself, such as a hash.
fn in_chains(
    options: &ForkOptions,
    dir: &Path,
    find: impl Fn(&Store) -> Option<(Block, Scope)>,
) -> Result<Option<Located>> {
    for chain in chains(options, dir)? {
        if let Some(located) = in_store(options, dir, &chain, &find)? {
            return Ok(Some(located));
        }
    }
    Ok(None)
}

/// Looks into the only chain that the options allow: two chains have blocks of the same number.
fn in_one_chain(
    options: &ForkOptions,
    dir: &Path,
    find: impl Fn(&Store) -> Option<(Block, Scope)>,
) -> Result<Option<Located>> {
    match chains(options, dir)?.as_slice() {
        [chain] => in_store(options, dir, chain, find),
        [_, _, ..] if options.offline => Err(Error::InvalidInput(format!(
            "the cache {} holds several chains: chain_id and network choose one, or the hash of the block",
            dir.display()
        ))),
        _ => Ok(None),
    }
}

/// Opens the file of a chain and the place of a block in it.
pub(super) fn enter(
    options: &ForkOptions,
    block: &PinnedBlock,
    genesis: Option<B256>,
    is_final: bool,
) -> Result<Option<(Arc<Store>, Scope)>> {
    let Some(dir) = &options.cache_dir else { return Ok(None) };
    let network = match (&options.network, genesis) {
        (Some(network), _) => network.clone(),
        (None, Some(genesis)) => genesis.to_string(),
        (None, None) => "unknown".to_owned(),
    };
    let store = Store::open(dir, &Chain { id: block.chain_id, network }, options.cache_max_bytes)?;
    let PinnedBlock { number, hash, state_root, .. } = *block;
    let scope = store.enter(&Block { number, hash, state_root, verified: options.verify != Verify::Off }, is_final);
    match &options.block {
        BlockTag::Number(_) | BlockTag::Hash(_) | BlockTag::Verbatim(_) => {}
        tag => store.set_tag(&tag.to_string(), scope),
    }
    Ok(Some((store, scope)))
}
