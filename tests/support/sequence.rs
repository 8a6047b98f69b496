//! Operations run against a subject and the model side by side.

use super::model::{Dumped, Model, ModelAccount, Refusal};
use super::operations::{ADDRESSES, Key, LoadedAccount, Op, SLOTS};
use super::remote::{Dice, block_hash};
use super::subject::{Failure, Outcome, Subject};
use alloy_primitives::{Address, B256};
use alloy_trie::TrieAccount;
use alloy_trie::root::{state_root_unhashed, storage_root_unhashed};
use std::fmt::Debug;
use worldstate::state::{DumpFormat, State};

type Checked = Result<(), String>;

fn expect<T: PartialEq + Debug>(what: impl FnOnce() -> String, is: &T, should_be: &T) -> Checked {
    if is == should_be { Ok(()) } else { Err(format!("{}: is {is:?}, should be {should_be:?}", what())) }
}

fn refused<T>(result: Result<T, Refusal>) -> Outcome<T> {
    result.map_err(|refusal| match refusal {
        Refusal::NoCheckpoint => Failure::NoCheckpoint,
        Refusal::InvalidSnapshot => Failure::InvalidSnapshot,
    })
}

/// More misses and failures than any one operation can meet.
const MOST_ATTEMPTS: usize = 200;

/// Local state and model, and the host between the local state and its source.
struct Run<'a, S> {
    subject: &'a mut S,
    model: Model,
    dice: Dice,
}

/// Runs the operations, and compares all that can be observed after each.
pub(crate) fn run<S: Subject>(subject: &mut S, model: Model, ops: &[Op], seed: u64) -> Checked {
    let mut run = Run { subject, model, dice: Dice(seed) };
    run.observe().map_err(|flaw| format!("at the start: {flaw}"))?;
    for (position, op) in ops.iter().enumerate() {
        let flaw = |flaw| format!("operation {position}, {op:?}: {flaw}");
        run.step(op).map_err(flaw)?;
        run.observe().map_err(flaw)?;
    }
    Ok(())
}

impl<S: Subject> Run<'_, S> {
    /// Asks as a host does: serves what is missing, asks again after a failure, and sees that neither changed anything.
    fn ask<T>(&mut self, mut question: impl FnMut(&mut S) -> Outcome<T>) -> Outcome<T> {
        for _ in 0..MOST_ATTEMPTS {
            match question(self.subject) {
                Err(failure @ (Failure::Missing | Failure::Rpc)) => {
                    if !self.model.is_forked() {
                        return Err(Failure::Other(format!("{failure:?} without a source")));
                    }
                    // Now and then: there are many of these.
                    if self.dice.below(4) == 0 {
                        self.unchanged().map_err(Failure::Other)?;
                    }
                    if failure == Failure::Missing {
                        let all = self.dice.below(3) > 0;
                        self.subject.serve(all);
                    }
                }
                outcome => return outcome,
            }
        }
        Err(Failure::Other(format!("no answer after {MOST_ATTEMPTS} attempts")))
    }

    /// As [`Self::ask`], where the answer is known and local writes may be all it takes.
    fn read<T: PartialEq + Debug>(
        &mut self,
        what: impl Fn() -> String,
        hidden: bool,
        should_be: &T,
        question: impl FnMut(&mut S) -> Outcome<T>,
    ) -> Checked {
        let reads = self.subject.remote_reads();
        let is = self.ask(question).map_err(|failure| format!("{}: {failure:?}", what()))?;
        expect(&what, &is, should_be)?;
        if hidden {
            expect(|| format!("reads of the source for {}", what()), &self.subject.remote_reads(), &reads)?;
        }
        Ok(())
    }

    /// All that can be observed without the source.
    fn unchanged(&mut self) -> Checked {
        expect(|| "depth".into(), &self.subject.depth(), &Ok(self.model.depth()))?;
        if let Some(length) = self.subject.journal_len()
            && !self.model.is_marked()
        {
            expect(|| "journal without a mark".into(), &length, &0)?;
        }
        let accounts = self.model.list_accounts(None, usize::MAX);
        expect(|| "accounts".into(), &self.subject.list_accounts(None, usize::MAX), &Ok(accounts))?;
        for address in ADDRESSES {
            let slots = self.model.list_storage(address, None, usize::MAX);
            let listed = self.subject.list_storage(address, None, usize::MAX);
            expect(|| format!("local slots of {address}"), &listed, &Ok(slots))?;
        }
        Ok(())
    }

    fn observe(&mut self) -> Checked {
        self.unchanged()?;
        if self.dice.below(3) > 0 {
            self.observe_at_once()?;
        }
        if self.dice.below(4) == 0 {
            self.reading_step(&Op::Changes(None))?;
        }
        for address in ADDRESSES {
            let info = self.model.account(address);
            let [balance, nonce, code] = [0, 1, 2].map(|field| self.model.hides_field(address, field));
            let bytes = self.model.code(address);
            let of = |what: &'static str| move || format!("{what} of {address}");
            self.read(of("account"), balance && nonce && code, &info, |subject| subject.account(address))?;
            self.read(of("balance"), balance, &info.balance, |subject| subject.balance(address))?;
            self.read(of("nonce"), nonce, &info.nonce, |subject| subject.nonce(address))?;
            self.read(of("code"), code, &bytes, |subject| subject.code(address))?;
            self.read(of("code hash"), code, &info.code_hash, |subject| subject.code_hash(address))?;
            for slot in SLOTS {
                let value = self.model.storage(address, slot);
                let hidden = self.model.hides_slot(address, slot);
                let what = || format!("slot {slot} of {address}");
                self.read(what, hidden, &value, |subject| subject.storage(address, slot))?;
            }
        }
        Ok(())
    }

    /// Accounts and slots in two batches, so that a host is asked for all of it together.
    fn observe_at_once(&mut self) -> Checked {
        let infos = ADDRESSES.map(|address| self.model.account(address)).to_vec();
        self.read(|| "all accounts".into(), false, &infos, |subject| subject.account_batch(&ADDRESSES))?;
        let keys: Vec<Key> = ADDRESSES.iter().flat_map(|address| SLOTS.map(|slot| (*address, slot))).collect();
        let values = keys.iter().map(|(address, slot)| self.model.storage(*address, *slot)).collect();
        let hidden = keys.iter().all(|(address, slot)| self.model.hides_slot(*address, *slot));
        self.read(|| "all slots".into(), hidden, &values, |subject| subject.storage_batch(&keys))
    }

    fn step(&mut self, op: &Op) -> Checked {
        let Self { subject, model, .. } = self;
        let (is, should_be) = match op {
            Op::SetBalance(address, balance) => {
                model.set_balance(*address, *balance);
                (subject.set_balance(*address, *balance), Ok(()))
            }
            Op::SetNonce(address, nonce) => {
                model.set_nonce(*address, *nonce);
                (subject.set_nonce(*address, *nonce), Ok(()))
            }
            Op::SetCode(address, code) => {
                model.set_code(*address, code.clone());
                (subject.set_code(*address, code.clone()), Ok(()))
            }
            Op::SetStorage(address, slot, value) => {
                model.set_storage(*address, *slot, *value);
                (subject.set_storage(*address, *slot, *value), Ok(()))
            }
            Op::SetStorageBatch(writes) => {
                for (address, slot, value) in writes {
                    model.set_storage(*address, *slot, *value);
                }
                (subject.set_storage_batch(writes), Ok(()))
            }
            Op::Delete(address) => {
                model.delete_account(*address);
                (subject.delete_account(*address), Ok(()))
            }
            Op::ClearStorage(address) => {
                model.clear_storage(*address);
                (subject.clear_storage(*address), Ok(()))
            }
            Op::Checkpoint => {
                model.checkpoint();
                (subject.checkpoint(), Ok(()))
            }
            Op::Revert => (subject.revert(), refused(model.revert())),
            Op::Commit => (subject.commit(), refused(model.commit())),
            Op::Snapshot => {
                let (is, should_be) = (subject.snapshot(), model.snapshot());
                return expect(|| "snapshot id".into(), &is, &Ok(should_be));
            }
            Op::RevertToSnapshot(id) => {
                let id = id.of(model.issued);
                (subject.revert_to_snapshot(id), refused(model.revert_to_snapshot(id)))
            }
            Op::DeleteSnapshot(id) => {
                let id = id.of(model.issued);
                (subject.delete_snapshot(id), refused(model.delete_snapshot(id)))
            }
            Op::Reset => {
                model.reset();
                (subject.reset(), Ok(()))
            }
            Op::Forget(failures) => {
                subject.clear_caches();
                subject.fail_next(*failures);
                (Ok(()), Ok(()))
            }
            reading => return self.reading_step(reading),
        };
        expect(|| "outcome".into(), &is, &should_be)
    }

    fn reading_step(&mut self, op: &Op) -> Checked {
        match op {
            Op::Load(accounts, format) => self.load(accounts, *format),
            Op::LoadOwnDump(format) => {
                let dumped = self.model.dumped();
                let dump = self.ask(|subject| subject.dump(*format)).map_err(|failure| format!("{failure:?}"))?;
                self.model.load(&dumped);
                expect(|| "accounts loaded".into(), &self.subject.load(dump.as_bytes()), &Ok(dumped.len()))
            }
            Op::DumpIntoFresh(format) => {
                let dump = self.ask(|subject| subject.dump(*format)).map_err(|failure| format!("{failure:?}"))?;
                same_as_dumped(&dump, &self.model.dumped())
            }
            Op::Changes(since) => {
                let since = since.map(|pick| pick.of(self.model.issued));
                let should_be = refused(self.model.changes(since));
                let is = self.ask(|subject| subject.changes(since));
                expect(|| format!("changes since {since:?}"), &is, &should_be)
            }
            Op::ListAccounts(after, limit) => {
                let is = self.subject.list_accounts(*after, *limit);
                expect(|| "page".into(), &is, &Ok(self.model.list_accounts(*after, *limit)))
            }
            Op::ListStorage(address, after, limit) => {
                let is = self.subject.list_storage(*address, *after, *limit);
                expect(|| "page".into(), &is, &Ok(self.model.list_storage(*address, *after, *limit)))
            }
            Op::AccountBatch(addresses) => {
                let infos = addresses.iter().map(|address| self.model.account(*address)).collect();
                self.read(|| "account batch".into(), false, &infos, |subject| subject.account_batch(addresses))
            }
            Op::StorageBatch(keys) => {
                let values = keys.iter().map(|(address, slot)| self.model.storage(*address, *slot)).collect();
                let hidden = keys.iter().all(|(address, slot)| self.model.hides_slot(*address, *slot));
                self.read(|| "storage batch".into(), hidden, &values, |subject| subject.storage_batch(keys))
            }
            Op::BlockHash(number) => {
                let is = self.ask(|subject| subject.block_hash(*number));
                let should_be =
                    if self.model.is_forked() { Ok(block_hash(*number)) } else { Err(Failure::InvalidState) };
                expect(|| "block hash".into(), &is, &should_be)
            }
            Op::Roots => self.roots(),
            write => Err(format!("{write:?} is no read")),
        }
    }

    fn load(&mut self, accounts: &[LoadedAccount], format: DumpFormat) -> Checked {
        let mut dumped = Dumped::new();
        for (address, account, slots) in accounts {
            dumped.insert(*address, (account.clone(), slots.iter().copied().collect()));
        }
        let mut alloc = serde_json::Map::new();
        for (address, (account, slots)) in &dumped {
            let storage: serde_json::Map<_, _> =
                slots.iter().map(|(slot, value)| (format!("{slot:#x}"), format!("{value:#x}").into())).collect();
            let fields = serde_json::json!({
                "balance": format!("{:#x}", account.balance),
                "nonce": account.nonce,
                "code": account.code.to_string(),
                "storage": storage,
            });
            alloc.insert(address.to_string(), fields);
        }
        let dump = match format {
            DumpFormat::GenesisAlloc => serde_json::json!(alloc),
            DumpFormat::Anvil => serde_json::json!({ "accounts": alloc }),
        };
        self.model.load(&dumped);
        expect(|| "accounts loaded".into(), &self.subject.load(dump.to_string().as_bytes()), &Ok(dumped.len()))
    }

    fn roots(&mut self) -> Checked {
        let storage_root = |model: &Model, address: Address| {
            let slots = model.now.slots.iter().filter(|((of, _), _)| *of == address);
            storage_root_unhashed(slots.map(|((_, slot), value)| (B256::from(*slot), *value)))
        };
        for address in ADDRESSES {
            let is = self.subject.storage_root(address);
            let known = !self.model.is_forked() || self.model.hides_storage(address);
            let should_be = if known { Ok(storage_root(&self.model, address)) } else { Err(Failure::InvalidState) };
            expect(|| format!("storage root of {address}"), &is, &should_be)?;
        }
        let should_be = if self.model.is_forked() {
            Err(Failure::InvalidState)
        } else {
            Ok(state_root_unhashed(self.model.now.accounts.iter().map(|(address, account)| {
                let code_hash = self.model.account(*address).code_hash;
                let storage_root = storage_root(&self.model, *address);
                (*address, TrieAccount { nonce: account.nonce, balance: account.balance, storage_root, code_hash })
            })))
        };
        expect(|| "state root".into(), &self.subject.state_root(), &should_be)
    }
}

/// Loads the dump into a new state, which then holds the expected accounts and nothing else.
fn same_as_dumped(dump: &str, expected: &Dumped) -> Checked {
    let json: serde_json::Value = serde_json::from_str(dump).map_err(|error| error.to_string())?;
    for (address, account) in json.get("accounts").unwrap_or(&json).as_object().into_iter().flatten() {
        let zero =
            account["storage"].as_object().is_none_or(|slots| slots.values().any(|v| *v == B256::ZERO.to_string()));
        expect(|| format!("slots of {address} that are zero in the dump"), &zero, &false)?;
    }
    let mut fresh = State::new();
    expect(|| "accounts in the dump".into(), &fresh.load(dump.as_bytes()), &Ok(expected.len()))?;
    let listed = fresh.list_accounts(None, usize::MAX);
    expect(|| "accounts dumped".into(), &listed, &expected.keys().copied().collect())?;
    for (address, (account, slots)) in expected {
        let is = ModelAccount {
            balance: fresh.balance(*address).map_err(|error| error.to_string())?,
            nonce: fresh.nonce(*address).map_err(|error| error.to_string())?,
            code: fresh.code(*address).map_err(|error| error.to_string())?,
        };
        expect(|| format!("dumped {address}"), &is, account)?;
        let is = fresh.list_storage(*address, None, usize::MAX);
        expect(
            || format!("dumped slots of {address}"),
            &is,
            &slots.iter().map(|(slot, value)| (*slot, *value)).collect(),
        )?;
    }
    Ok(())
}
