//! [`Evm`]: one execution after the other over a state.

use super::answers::{Answer, Need};
use super::block::{BlockOverrides, apply_block};
use super::database::{Below, Database};
use super::driver::{CallFrame, Driver, Executed, Stop};
use super::effect;
use super::hardfork::Hardfork;
use super::inside::{Inside, StandIn};
use super::job::Job;
use super::machine::{self, Machine};
use super::options::{EvmOptions, RunAhead};
use super::outcome::{Outcome, Status};
use super::overrides::{PrecompileOverrides, StateOverrides};
use super::precompile::{PrecompileCall, Precompiles};
use super::run_ahead::{self, Ahead};
use super::touched;
use super::trace::{TraceSummary, Tracer};
use crate::error::{Error, Result};
use crate::state::{Request, Source, State, StateChanges};
use alloy_primitives::map::{AddressMap, HashMap, HashSet};
use alloy_primitives::{Address, B256, U256};
use revm::Database as _;
use revm::bytecode::opcode;
use revm::context::{BlockEnv, CfgEnv};
use revm::context_interface::transaction::{AuthorizationTr, Transaction as _};
use revm::handler::PrecompileProvider;
use revm::interpreter::Interpreter;
use revm::state::AccountInfo;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It needs something: see [`Evm::pending`] and [`Evm::wanted`].
    Need,
    /// As many instructions as were asked for have run, and there are more.
    Stepped,
    /// It has ended, and nothing is written to the state yet: see [`Evm::outcome`], [`Evm::commit`].
    Ready,
}

/// Counters of one execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvmStats {
    /// Values that were missing when the execution came to them, or were fetched ahead and used.
    pub needed: u64,
    /// Times that it stopped for something missing.
    pub rounds: u64,
    /// Values that were asked for ahead and not used.
    pub useless: u64,
    /// Nanoseconds spent on running ahead.
    pub run_ahead_nanos: u64,
    /// Reads of storage answered from the host's answers, and reads that found none there.
    pub cache_hits: u64,
    /// See `cache_hits`.
    pub cache_misses: u64,
    /// Storage values of the host that are kept.
    pub cached_slots: u64,
    /// Storage values of the host that were dropped for others.
    pub cache_evictions: u64,
}

struct Finished {
    executed: Executed,
    outcome: Outcome,
    lost: AddressMap<BTreeMap<U256, U256>>,
    changes: Option<StateChanges>,
    settled: bool,
    /// State overrides were in force.
    overridden: bool,
}

/// Runs transactions and messages over a [`State`], one at a time, and stops where state is missing.
///
/// The state is handed to each call that needs it. Nothing is written to it before [`Self::commit`], and while an
/// execution waits it must stay as it is: a state that has been written to since is refused.
pub struct Evm {
    options: EvmOptions,
    block: BlockEnv,
    block_hashes: Arc<HashMap<u64, B256>>,
    pub(super) state_overrides: Option<StateOverrides>,
    block_overrides: Option<BlockOverrides>,
    job: Option<Job>,
    cfg: CfgEnv,
    pub(super) driver: Driver,
    pub(super) ahead: Ahead,
    /// The own source of the state that is executed on.
    pub(super) source: Option<Arc<dyn Source>>,
    /// For states without one.
    pub(super) stand_in: Option<Arc<dyn Source>>,
    /// The state's version when the execution last left it.
    version: Option<u64>,
    wanted: Vec<Request>,
    pending: Vec<Need>,
    /// Of `pending`, those without which the execution cannot go on.
    blocking: Vec<Need>,
    /// What was asked for ahead and is not answered: an answer may still come.
    asked: HashSet<Need>,
    finished: Option<Finished>,
    stats: EvmStats,
    trace_error: Option<Error>,
}

impl Evm {
    /// An executor of these rules.
    ///
    /// # Errors
    /// `InvalidInput` for options without meaning.
    pub fn new(options: EvmOptions) -> Result<Self> {
        if options.cache_size == 0 {
            return Err(Error::InvalidInput("cache_size is 0: a value has to be kept until it is used".into()));
        }
        let spec = options.hardfork.spec();
        let cfg = configuration(&options);
        let database = Database::new(options.cache_size);
        let mut machine = machine::new(spec, database, Precompiles::new(spec, &options.precompiles));
        machine.ctx.cfg = cfg.clone();
        Ok(Self {
            block: BlockEnv::default(),
            block_hashes: Arc::default(),
            state_overrides: None,
            block_overrides: None,
            job: None,
            cfg,
            driver: Driver::new(machine),
            ahead: Ahead::new(options.run_ahead),
            source: None,
            stand_in: None,
            version: None,
            wanted: Vec::new(),
            pending: Vec::new(),
            blocking: Vec::new(),
            asked: HashSet::default(),
            finished: None,
            stats: EvmStats::default(),
            trace_error: None,
            options,
        })
    }

    pub(super) fn below(&mut self) -> &mut Below {
        &mut self.driver.machine.ctx.journaled_state.database.below
    }

    /// The rules and switches.
    #[must_use]
    pub fn options(&self) -> &EvmOptions {
        &self.options
    }

    /// Sets the block's fields from JSON as `eth_getBlockByNumber` returns it; those that are not given stay.
    pub fn set_block(&mut self, block: &Value) -> Result<()> {
        self.refuse_while_active("the block")?;
        apply_block(block, &mut self.block, self.options.hardfork, self.options.chain_id)
    }

    /// The hash of an earlier block, for `BLOCKHASH`.
    pub fn set_block_hash(&mut self, number: u64, hash: B256) -> Result<()> {
        self.refuse_while_active("a block hash")?;
        Arc::make_mut(&mut self.block_hashes).insert(number, hash);
        Ok(())
    }

    /// What replaces parts of the state during the executions to come; `None` for nothing.
    pub fn set_state_overrides(&mut self, overrides: Option<StateOverrides>) -> Result<()> {
        self.refuse_while_active("the state overrides")?;
        let precompiles = &mut self.driver.machine.precompiles;
        let changed = match &overrides {
            Some(overrides) => overrides.precompiles(|address| precompiles.is_standard(address))?,
            None => PrecompileOverrides::default(),
        };
        precompiles.override_with(&changed);
        self.state_overrides = overrides.filter(|overrides| !overrides.is_empty());
        Ok(())
    }

    /// What replaces parts of the block during the executions to come; `None` for nothing.
    pub fn set_block_overrides(&mut self, overrides: Option<BlockOverrides>) -> Result<()> {
        self.refuse_while_active("the block overrides")?;
        self.block_overrides = overrides;
        Ok(())
    }

    fn refuse_while_active(&self, what: &str) -> Result<()> {
        if !self.driver.is_active() {
            return Ok(());
        }
        Err(Error::InvalidState(format!("{what} cannot be changed while an execution is under way")))
    }

    /// The block as the next execution sees it.
    fn environment(&self) -> BlockEnv {
        let mut block = self.block.clone();
        if let Some(overrides) = &self.block_overrides {
            overrides.apply(&mut block);
        }
        block
    }

    /// Begins an execution. Nothing runs yet.
    ///
    /// # Errors
    /// `InvalidState` while another is under way, or has ended and waits for [`Self::commit`] or [`Self::discard`].
    pub fn start(&mut self, job: impl Into<Job>) -> Result<()> {
        if self.driver.is_active() {
            return Err(Error::InvalidState("an execution is under way: answer what it needs, or abort it".into()));
        }
        if self.is_unsettled() {
            return Err(Error::InvalidState("the last execution's changes are neither committed nor discarded".into()));
        }
        let job = job.into();
        let block = self.environment();
        let (tx, cfg, block) = job.environment(&self.cfg, block, &self.options)?;
        self.abort();
        if let Some(overrides) = &self.block_overrides
            && !overrides.block_hashes.is_empty()
        {
            let mut hashes = (*self.block_hashes).clone();
            hashes.extend(overrides.block_hashes.iter().copied());
            self.driver.machine.ctx.journaled_state.database.block_hashes = Arc::new(hashes);
        } else {
            self.driver.machine.ctx.journaled_state.database.block_hashes = self.block_hashes.clone();
        }
        let ctx = &mut self.driver.machine.ctx;
        (ctx.tx, ctx.cfg, ctx.block) = (tx, cfg, block);
        self.driver.start(job.to_driver());
        self.ahead.may_ask();
        self.job = Some(job);
        Ok(())
    }

    /// Gives up what is under way, or the result of what has ended. Nothing of it is in the state.
    pub fn abort(&mut self) {
        if self.driver.is_active()
            && let Some(tracer) = &mut self.driver.tracer
        {
            self.trace_error = tracer.abort().err();
        }
        self.driver.abort();
        self.ahead.reset();
        let below = self.below();
        below.answers.clear();
        below.at_hand = None;
        self.source = None;
        self.version = None;
        self.wanted.clear();
        self.pending.clear();
        self.blocking.clear();
        self.asked.clear();
        self.finished = None;
        self.job = None;
        self.stats = EvmStats::default();
    }

    /// Goes on until something is missing or the end.
    ///
    /// # Errors
    /// `Execution` for a transaction that is refused, which ends it; `InvalidState` when nothing is under way or the
    /// state has been written to since the execution left it.
    pub fn run(&mut self, state: &mut State) -> Result<Progress> {
        self.advance(state, None)
    }

    /// Executes exactly one instruction, unless something is missing. What comes before the first one and after the
    /// last belongs to these.
    pub fn step(&mut self, state: &mut State) -> Result<Progress> {
        self.advance(state, Some(1))
    }

    /// [`Self::run`] with at most `instructions` of them.
    pub fn advance(&mut self, state: &mut State, instructions: Option<u64>) -> Result<Progress> {
        if !self.driver.is_active() {
            return Err(Error::InvalidState("no execution is under way".into()));
        }
        if self.version.is_some_and(|version| version != state.version()) {
            let text = "the state has been written to while the execution was suspended: abort it and start again";
            return Err(Error::InvalidState(text.into()));
        }
        self.pending.clear();
        self.blocking.clear();
        self.wanted.clear();
        let inside = Inside::enter(self, state);
        let progress = inside.evm.progress(instructions);
        drop(inside);
        self.version = Some(state.version());
        if matches!(progress, Err(Error::Execution(_))) {
            self.driver.abort();
        }
        progress
    }

    fn progress(&mut self, instructions: Option<u64>) -> Result<Progress> {
        match self.driver.advance(instructions)? {
            (Stop::Missing(request), _) => {
                self.stats.rounds += 1;
                self.note_missing(request);
                Ok(Progress::Need)
            }
            (Stop::Precompile, _) => {
                let call = self.driver.machine.precompiles.call.as_ref();
                let needs = call.map(|call| Need::Precompile(call.address));
                self.pending.extend(needs);
                self.blocking.extend(needs);
                Ok(Progress::Need)
            }
            (Stop::Budget, _) => Ok(Progress::Stepped),
            (Stop::Done, executed) => {
                self.finish(executed.ok_or_else(|| Error::Internal("an execution ended without result".into()))?);
                Ok(Progress::Ready)
            }
        }
    }

    fn note_missing(&mut self, request: Request) {
        self.wanted.push(request);
        if self.source.is_none() {
            self.ahead.cannot_ask();
        }
        if let Some(job) = &self.job {
            if self.options.run_ahead == RunAhead::Off {
                self.wanted.extend(self.ahead.look(request, &mut self.driver, job, self.source.as_deref()));
            } else {
                let answers = &self.driver.machine.ctx.journaled_state.database.below.answers;
                let counts = (answers.hits, answers.misses);
                let found = self.ahead.look(request, &mut self.driver, job, self.source.as_deref());
                let answers = &mut self.driver.machine.ctx.journaled_state.database.below.answers;
                (answers.hits, answers.misses) = counts;
                self.wanted.extend(found);
            }
        }
        let first = self.first_kind(request);
        if let (Request::Storage(..), [_]) = (request, self.wanted.as_slice()) {
            self.blocking.push(first);
            self.pending.push(first);
            return;
        }
        let answers = &self.driver.machine.ctx.journaled_state.database.below.answers;
        self.blocking.extend(answers.needs(&request));
        self.blocking.sort_by_key(|need| *need != first);
        self.pending.extend_from_slice(&self.blocking);
        for need in self.wanted[1..].iter().flat_map(|request| answers.needs(request)) {
            if !self.pending.contains(&need) {
                self.pending.push(need);
            }
        }
        self.asked.extend(&self.pending[self.blocking.len()..]);
    }

    /// Of an account's parts, the one that the opcode is after is asked for first.
    fn first_kind(&self, request: Request) -> Need {
        match request {
            Request::Account(address) => match self.driver.opcode() {
                Some(opcode::BALANCE | opcode::SELFBALANCE | opcode::SELFDESTRUCT) => Need::Balance(address),
                Some(opcode::CREATE | opcode::CREATE2) | None => Need::Nonce(address),
                Some(_) => Need::Code(address),
            },
            Request::Storage(address, slot) => Need::Storage(address, slot),
            Request::Code(address) => Need::Code(address),
            Request::BlockHash(number) => Need::BlockHash(number),
            Request::Block | Request::Foresight(_) | Request::Proof(_) => Need::BlockHash(0),
        }
    }

    fn finish(&mut self, mut executed: Executed) {
        let spec = self.options.hardfork.spec();
        self.keep_replaced_codes(&mut executed);
        let lost = effect::lost_slots(&executed, &self.driver.machine.ctx.journaled_state.database.state, spec);
        let mut outcome = Outcome::new(executed.result.clone(), self.driver.machine.ctx.tx.gas_limit);
        outcome.gas_refunded += executed.message_refund;
        if let (Some(source), Some((contract, selector))) = (&self.source, self.job.as_ref().and_then(Job::selector)) {
            source.remember(contract, selector, &mut run_ahead::loaded(&executed.state));
        }
        let usage = self.ahead.usage(&executed.state);
        (self.stats.needed, self.stats.useless) = (usage.needed, usage.useless);
        if let Some(tracer) = &mut self.driver.tracer {
            let summary = TraceSummary {
                gas_used: outcome.gas_used,
                success: outcome.status == Status::Success,
                output: &outcome.output,
                fork: Some(self.options.hardfork.name()),
                ..TraceSummary::default()
            };
            self.trace_error = tracer.finish(&summary).err();
        }
        let overridden = self.is_overridden();
        self.finished = Some(Finished { executed, outcome, lost, changes: None, settled: false, overridden });
    }

    /// revm keeps the code that an account had only until another takes its place (EIP-7702).
    fn keep_replaced_codes(&mut self, executed: &mut Executed) {
        let database = &mut self.driver.machine.ctx.journaled_state.database;
        for account in executed.state.values_mut() {
            let AccountInfo { code_hash, code, .. } = account.original_info();
            if code.is_none() && code_hash != account.info.code_hash {
                // What is not at hand was not read either.
                account.original_info_mut().code = database.code_by_hash(code_hash).ok();
            }
        }
    }

    /// All that is wanted now, what the execution waits for first. Empty while nothing is missing.
    #[must_use]
    pub fn pending(&self) -> &[Need] {
        &self.pending
    }

    /// Whether the execution could go on as far as the host's answers are concerned.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.blocking.is_empty()
    }

    /// The same as [`Self::pending`] as questions to a source, for [`Source::prefetch`].
    #[must_use]
    pub fn wanted(&self) -> &[Request] {
        &self.wanted
    }

    /// Asks the source of the state what the execution will touch, if the options say so and it has not been asked yet,
    /// and adds that to [`Self::wanted`].
    ///
    /// # Errors
    /// `Missing` when the host has to carry the question, which is queued.
    pub fn foresee(&mut self, source: &dyn Source) -> Result<()> {
        if let Some(job) = &self.job {
            let found = self.ahead.ask(source, job)?;
            self.wanted.extend(found);
        }
        Ok(())
    }

    /// The call of a precompiled contract of the host that waits for its answer.
    #[must_use]
    pub fn precompile_call(&self) -> Option<&PrecompileCall> {
        self.driver.machine.precompiles.call.as_ref()
    }

    /// Takes an answer. Nothing runs. What has been asked for may be answered as long as the execution lasts, in any
    /// order.
    ///
    /// # Errors
    /// `NoPendingRequest` when nothing was asked for, `InvalidRequest` for an answer to something else, or code whose
    /// hash is not the account's. Every question stays open then.
    pub fn answer(&mut self, answer: Answer) -> Result<()> {
        let need = answer.need();
        if !self.driver.is_active() || (self.pending.is_empty() && self.asked.is_empty()) {
            return Err(Error::NoPendingRequest);
        }
        if !self.pending.contains(&need) && !self.asked.contains(&need) {
            let waiting = self.blocking.first().or(self.pending.first());
            let waiting = waiting.map_or_else(|| "nothing".to_owned(), Need::to_string);
            return Err(Error::InvalidRequest(format!(
                "{need} was answered and not asked for: the execution waits for {waiting}"
            )));
        }
        match answer {
            Answer::Precompile(_, answer) => self.driver.machine.precompiles.answer = Some(answer),
            answer => {
                let loaded = match &need {
                    Need::Code(address) => self.driver.machine.ctx.journaled_state.inner.state.get(address),
                    _ => None,
                };
                let hash = loaded.filter(|account| account.info.code.is_none()).map(|account| account.info.code_hash);
                self.below().answers.take(answer, hash)?;
            }
        }
        self.pending.retain(|open| *open != need);
        self.blocking.retain(|open| *open != need);
        if !self.asked.is_empty() {
            self.asked.remove(&need);
        }
        Ok(())
    }

    /// The calls that are under way, outermost first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallFrame> {
        self.driver.calls()
    }

    /// The interpreter of the innermost call: program counter, stack, memory and gas, as before the instruction that
    /// comes next.
    #[must_use]
    pub fn interpreter(&self) -> Option<&Interpreter> {
        self.driver.interpreter()
    }

    /// Whether an execution has been started and not ended.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.driver.is_active()
    }

    /// Whether an execution has ended whose changes are neither committed nor discarded.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        self.finished.as_ref().is_some_and(|finished| !finished.settled)
    }

    /// How the last execution ended, until the next one begins.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.finished.as_ref().map(|finished| &finished.outcome)
    }

    /// What it changed.
    pub fn changes(&mut self) -> Option<&StateChanges> {
        let Finished { executed, lost, changes, .. } = self.finished.as_mut()?;
        Some(changes.get_or_insert_with(|| effect::changes(executed, lost, self.options.hardfork.spec())))
    }

    /// The accounts and slots that it touched, and their values before it.
    #[must_use]
    pub fn touched(&self) -> Option<touched::Touched<'_>> {
        self.finished.as_ref().map(|finished| touched::Touched::new(&finished.executed))
    }

    /// The accounts that are warm whatever the access list says: sender, called or created account and what the called
    /// one delegates to, those that the transaction has delegate, beneficiary, precompiled contracts.
    #[must_use]
    pub fn warm_from_the_start(&self) -> Vec<Address> {
        let Machine { ctx, precompiles, .. } = &self.driver.machine;
        let mut warm: Vec<Address> = precompiles.warm_addresses().iter().copied().collect();
        warm.extend([ctx.tx.caller, ctx.block.beneficiary]);
        let recipient = self.job.as_ref().and_then(Job::recipient);
        let loaded = self.finished.as_ref().zip(recipient).and_then(|(ended, to)| ended.executed.state.get(&to));
        warm.extend(loaded.and_then(|account| account.info.code.as_ref()?.eip7702_address()));
        warm.extend(recipient);
        warm.extend(ctx.tx.authorization_list().filter_map(AuthorizationTr::authority));
        warm.extend(self.outcome().and_then(|outcome| outcome.created));
        warm
    }

    /// Writes what the execution changed into the state that it ran on, through the state's journal; `in_checkpoint`
    /// opens a checkpoint before.
    ///
    /// # Errors
    /// `InvalidState` when nothing has ended that is not committed or discarded, when the state has been written to
    /// since, or when state overrides were in force: what ran on invented values can only be discarded.
    pub fn commit(&mut self, state: &mut State, in_checkpoint: bool) -> Result<()> {
        if !self.is_unsettled() {
            return Err(Error::InvalidState("there is no ended execution to commit".into()));
        }
        if self.finished.as_ref().is_some_and(|finished| finished.overridden) {
            return Err(Error::InvalidState("an execution with state overrides can only be discarded".into()));
        }
        if self.version != Some(state.version()) {
            return Err(Error::InvalidState("the state has been written to since the execution ended".into()));
        }
        let Some(finished) = &mut self.finished else { return Ok(()) };
        if in_checkpoint {
            state.checkpoint();
        }
        // With the host's answers below, zeros and deleted accounts have to be remembered.
        let stands_in = self.options.ask_host && state.source().is_none();
        if stands_in {
            state.replace_source(Some(Arc::new(StandIn)));
        }
        effect::commit(&finished.executed, state, self.options.hardfork.spec());
        if stands_in {
            state.replace_source(None);
        }
        finished.settled = true;
        Ok(())
    }

    /// Leaves the state as it is. Outcome and changes can still be read.
    pub fn discard(&mut self) -> Result<()> {
        match &mut self.finished {
            Some(finished) if !finished.settled => {
                finished.settled = true;
                Ok(())
            }
            _ => Err(Error::InvalidState("there is no ended execution to discard".into())),
        }
    }

    /// Whether state overrides are in force.
    #[must_use]
    pub fn is_overridden(&self) -> bool {
        self.state_overrides.is_some()
    }

    /// What writes down each step, from the next one on; `None` for nothing.
    pub fn set_tracer(&mut self, tracer: Option<Box<Tracer>>) -> Option<Box<Tracer>> {
        std::mem::replace(&mut self.driver.tracer, tracer)
    }

    /// The failure of the tracer's writer, if it failed: the trace is not complete then, the execution is.
    pub fn take_trace_error(&mut self) -> Option<Error> {
        self.trace_error.take()
    }

    /// What writes down each step.
    pub fn tracer(&mut self) -> Option<&mut Tracer> {
        self.driver.tracer.as_deref_mut()
    }

    /// The counters of the execution that is under way or ended last.
    #[must_use]
    pub fn stats(&self) -> EvmStats {
        let answers = &self.driver.machine.ctx.journaled_state.database.below.answers;
        let (slots, evictions) = answers.slots();
        EvmStats {
            cache_hits: answers.hits,
            cache_misses: answers.misses,
            cached_slots: slots as u64,
            cache_evictions: evictions,
            run_ahead_nanos: self.ahead.nanos(),
            ..self.stats
        }
    }
}

fn configuration(options: &EvmOptions) -> CfgEnv {
    let mut cfg = CfgEnv::new_with_spec(options.hardfork.spec());
    cfg.chain_id = options.chain_id;
    cfg.tx_chain_id_check = true;
    cfg.tx_gas_limit_cap = options.gas_cap;
    cfg.disable_nonce_check = options.no_nonce_check;
    cfg.disable_balance_check = options.no_balance_check;
    cfg.disable_base_fee = options.no_base_fee_check;
    cfg.disable_block_gas_limit = options.no_block_gas_limit;
    cfg.disable_eip3607 = options.no_sender_code_check;
    cfg.disable_fee_charge = options.no_fee;
    cfg.max_blobs_per_tx = match options.hardfork {
        Hardfork::Prague => Some(9),
        // EIP-4844's limit of a block, and since Osaka EIP-7594's of a transaction.
        _ => Some(6),
    };
    if options.no_code_size_limit {
        cfg.limit_contract_code_size = Some(usize::MAX);
        cfg.limit_contract_initcode_size = Some(usize::MAX);
    }
    cfg
}
