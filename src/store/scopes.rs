//! The blocks that this process has to do with.

use super::record::{Seal, block_key};
use super::types::{Block, Scope};
use hashbrown::HashMap;
use parking_lot::RwLock;

/// Where a block's values are, and what their checksums are seeded with.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The block's row, or 0 while it is not known to be in the file.
    pub(super) id: u32,
    pub(super) seal: Seal,
}

#[derive(Default)]
struct Table {
    entries: Vec<(Block, Place)>,
    by_key: HashMap<Vec<u8>, Scope>,
}

/// The table that [`Scope`] is an index of. It only grows.
#[derive(Default)]
pub(super) struct Scopes(RwLock<Table>);

impl Scopes {
    /// The scope of the block; `id` is its row, where that is known.
    pub(super) fn enter(&self, seal: Seal, block: &Block, id: Option<u32>) -> Scope {
        let key = block_key(block);
        let mut table = self.0.write();
        let Table { entries, by_key } = &mut *table;
        let scope = *by_key.entry_ref(key.as_slice()).or_insert_with(|| {
            entries.push((block.clone(), Place { id: 0, seal: seal.of_block(&key) }));
            Scope(u32::try_from(entries.len() - 1).unwrap_or(u32::MAX))
        });
        if let Some((known, place)) = entries.get_mut(scope.0 as usize) {
            if let Some(id) = id {
                place.id = id;
            }
            known.state_root = known.state_root.or(block.state_root);
        }
        scope
    }

    pub(super) fn place(&self, scope: Scope) -> Option<Place> {
        Some(self.0.read().entries.get(scope.0 as usize)?.1)
    }

    pub(super) fn block(&self, scope: Scope) -> Option<Block> {
        Some(self.0.read().entries.get(scope.0 as usize)?.0.clone())
    }

    pub(super) fn found(&self, scope: Scope, id: u32) {
        if let Some((_, place)) = self.0.write().entries.get_mut(scope.0 as usize) {
            place.id = id;
        }
    }

    /// The file is another one: no row is known any more.
    pub(super) fn forget_rows(&self) {
        for (_, place) in &mut self.0.write().entries {
            place.id = 0;
        }
    }
}
