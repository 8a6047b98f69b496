//! Transactions of every kind, over the contract of odds and ends.

use crate::contracts::{Arg, Artifact, Scene};
use crate::wallet::{Draft, Kind, PEOPLE};
use alloy_primitives::{Address, Bytes, U256, address, hex};

/// Who has nothing.
pub(crate) const NOBODY: Address = Address::repeat_byte(0x77);

/// Destroys itself in favour of whom the call data names.
pub(crate) const BOMB: &[u8] = &hex!("625f35ff5f526003601df3");
/// Counts calls in transient storage, and returns the count: 5f5c6001018080 5f5d 5f52 6020 5ff3.
const COUNTER: &[u8] = &hex!("6e5f5c60010180 5f5d5f5260205ff30000 5f52600f6011f3");

fn precompile(number: u8) -> Address {
    Address::with_last_byte(number)
}

fn word(number: u64) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}

/// Inputs on which the precompiled contracts have something to say.
fn precompile_inputs() -> Vec<(u8, Vec<u8>)> {
    let recovery = hex!(
        "456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3"
        "000000000000000000000000000000000000000000000000000000000000001c"
        "9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608"
        "4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada"
    );
    let power = [word(1).to_vec(), word(1).to_vec(), word(1).to_vec(), vec![3, 5, 7]].concat();
    let point = [word(1), word(2)].concat();
    let blake = [&hex!("0000000c")[..], &[7; 64], &[9; 128], &[1; 16], &[1]].concat();
    vec![
        (1, recovery.to_vec()),
        (2, b"sha".to_vec()),
        (3, b"ripemd".to_vec()),
        (4, vec![4; 100]),
        (5, power),
        (6, [point.clone(), point.clone()].concat()),
        (6, vec![1; 128]),
        (7, [point.clone(), word(12).to_vec()].concat()),
        (8, Vec::new()),
        (9, blake),
        (10, vec![0; 192]),
        (11, vec![0; 256]),
        (15, vec![0; 384]),
        (0x12, Vec::new()),
    ]
}

/// A contract to test with, and its address.
pub(crate) struct Odds<'a> {
    pub(crate) artifact: &'a Artifact,
    pub(crate) at: Address,
}

impl Odds<'_> {
    pub(crate) fn call(&self, label: &str, from: usize, signature: &str, arguments: &[Arg<'_>]) -> Draft {
        Draft::new(label, from, Some(self.at), self.artifact.call(signature, arguments))
    }

    pub(crate) fn make(&self, label: &str, salt: u64, data: &[u8], code: &[u8]) -> Draft {
        let arguments = [salt.into(), data.into(), code.into()];
        self.call(label, 1, "make(uint256,bytes,bytes)", &arguments)
    }

    /// Transactions to send one after the other. What they touch is of their own making, so that the order matters
    /// only where a label says so.
    pub(crate) fn transactions(&self) -> Vec<Draft> {
        let pay = |label: &str, to: Address| Draft::new(label, 0, Some(to), Bytes::new()).value(12_345).gas(21_000);
        let fail = |how: u64| self.call(&format!("failure {how}"), 2, "fail(uint256)", &[how.into()]).gas(300_000);
        let attempt = |how: u64| {
            let arguments = [how.into(), 100_000.into()];
            self.call(&format!("failure {how} inside"), 2, "attempt(uint256,uint256)", &arguments)
        };
        let heir = PEOPLE[9].into_word();
        let mut all = vec![
            pay("transfer", PEOPLE[1]),
            pay("transfer to nobody", NOBODY).kind(Kind::Legacy { protected: true }),
            pay("legacy without replay protection", PEOPLE[1]).kind(Kind::Legacy { protected: false }),
            pay("transfer of nothing to nobody", Address::repeat_byte(0x78)).value(0),
            pay("transfer to oneself", PEOPLE[0]),
            pay("transfer to the miner", Address::ZERO),
            pay("transfer to a contract", self.at).gas(100_000),
            pay("transfer to a precompiled contract", precompile(4)).gas(50_000),
            self.make("create", 0, &[], COUNTER),
            self.make("create and call", 0, &[1], COUNTER),
            self.make("create2", 5, &[1], COUNTER),
            self.make("create2 at a taken address", 5, &[1], COUNTER),
            self.make("create with value", 0, &[], BOMB).value(77),
            self.make("create and destroy", 0, heir.as_slice(), BOMB).value(78),
            self.make("create2 and destroy", 6, heir.as_slice(), BOMB).value(79),
            self.make("create2 again after it was destroyed", 6, heir.as_slice(), BOMB).value(80),
            self.make("create2 to stay", 8, &[], BOMB).value(81),
            self.make("create what is empty", 0, &[], &[]),
            self.make("create what fails", 0, &[], &hex!("5f5ffd")),
            self.make("create what begins with ef", 0, &[], &hex!("60ef5f5360015ff3")),
            Draft::new("deployment", 3, None, self.artifact.creation.clone()).value(5),
            Draft::new("deployment that reverts", 3, None, hex!("6001600155602a5f5260205ffd")).gas(200_000),
            Draft::new("deployment out of gas", 3, None, self.artifact.creation.clone()).gas(300_000),
            self.call("forbidden write", 4, "forbidden()", &[]),
            self.call("environment", 4, "environment()", &[]),
            self.call("slots", 4, "churn(uint256,uint256)", &[30.into(), 2.into()]),
            self.call("slots again", 4, "churn(uint256,uint256)", &[30.into(), 1.into()]),
            self.call("slots out of gas", 4, "churn(uint256,uint256)", &[30.into(), 3.into()]).gas(150_000),
            self.call("slots with an access list", 4, "churn(uint256,uint256)", &[2.into(), 2.into()]).kind(
                Kind::AccessList(vec![
                    (self.at, vec![U256::ZERO, U256::from(99)]),
                    (NOBODY, vec![U256::from(1)]),
                    (precompile(2), Vec::new()),
                ]),
            ),
            self.call("unknown method", 4, "counter()", &[]).value(1).gas(100_000),
        ];
        all.extend((0..10).map(fail));
        all.extend([0, 1, 2, 3, 4, 5, 6, 9, 10].map(attempt));
        for (number, input) in precompile_inputs() {
            let arguments = [precompile(number).into(), input.as_slice().into()];
            all.push(self.call(&format!("precompiled contract {number:#x}"), 5, "ask(address,bytes)", &arguments));
        }
        for (what, account) in [
            ("a contract", self.at),
            ("a person", PEOPLE[3]),
            ("nobody", Address::repeat_byte(0x79)),
            ("a precompiled contract", precompile(1)),
        ] {
            all.push(self.call(&format!("look at {what}"), 5, "see(address)", &[account.into()]));
        }
        all
    }

    /// What happens to a contract from an earlier block that destroys itself, and to delegations (EIP-7702).
    pub(crate) fn delegations(&self, bomb: Address) -> Vec<Draft> {
        let set = |label: &str, from: usize, to: usize, delegations: Vec<(usize, Address)>, data: Bytes| {
            Draft::new(label, from, Some(PEOPLE[to]), data).kind(Kind::SetCode(delegations))
        };
        let churn = self.artifact.call("churn(uint256,uint256)", &[4.into(), 2.into()]);
        let see = |label: &str, account: Address| self.call(label, 5, "see(address)", &[account.into()]);
        vec![
            Draft::new("destroy what stood before", 4, Some(bomb), PEOPLE[8].into_word().to_vec()),
            set("delegate another", 6, 7, vec![(7, self.at)], churn.clone()),
            see("look at a delegated account", PEOPLE[7]),
            Draft::new("call of a delegated account", 5, Some(PEOPLE[7]), churn.clone()),
            set("delegate oneself", 6, 6, vec![(6, self.at)], churn.clone()),
            set("delegate in a circle", 8, 8, vec![(8, PEOPLE[7]), (7, PEOPLE[8])], Bytes::new()),
            set("delegate to a precompiled contract", 6, 7, vec![(7, precompile(4))], Bytes::from(vec![1; 64])),
            set("delegate to what destroys itself", 6, 7, vec![(7, bomb)], Bytes::from(PEOPLE[9].into_word().to_vec())),
            set("take delegations back", 6, 1, vec![(7, Address::ZERO), (8, Address::ZERO)], Bytes::new()),
            Draft::new("transfer to whom it was taken from", 5, Some(PEOPLE[7]), churn),
        ]
    }
}

/// The scene's calls, and some that fail in its contracts.
pub(crate) fn of_scene(scene: &Scene, token: &Artifact, router: &Artifact) -> Vec<Draft> {
    let (apple, birch) = (scene.contracts["apple"], scene.contracts["birch"]);
    let transfer = |to: Address, amount: U256| token.call("transfer(address,uint256)", &[to.into(), Arg::Word(amount)]);
    let mut late = router
        .call(
            "swap(uint256,uint256,address,uint256,address[])",
            &[1.into(), 1.into(), PEOPLE[3].into(), 1.into(), 160.into()],
        )
        .to_vec();
    for word in [U256::from(2), apple.into_word().into(), birch.into_word().into()] {
        late.extend(word.to_be_bytes::<32>());
    }
    let mut all = scene.calls.clone();
    all.extend([
        Draft::new("token to oneself", 3, Some(apple), transfer(PEOPLE[3], U256::from(7))),
        Draft::new("more tokens than there are", 3, Some(apple), transfer(PEOPLE[4], U256::MAX)),
        Draft::new("swap too late", 3, Some(scene.contracts["router"]), late),
    ]);
    // With a list of what it will touch, and of something that it will not.
    let balance = |owner: Address| alloy_primitives::keccak256([owner.into_word().0, word(1)].concat());
    let list = vec![(apple, vec![balance(PEOPLE[3]).into(), U256::from(1234)]), (birch, vec![U256::ZERO])];
    all.push(
        Draft::new("token with an access list", 3, Some(apple), transfer(PEOPLE[5], U256::from(8)))
            .kind(Kind::AccessList(list)),
    );
    all
}

/// Contracts that destroy themselves, where that deletes them.
pub(crate) fn destructions(first: Address, second: Address) -> Vec<Draft> {
    let blow = |label: &str, bomb: Address, heir: Address| Draft::new(label, 4, Some(bomb), heir.into_word().to_vec());
    vec![
        blow("destroy in favour of a person", first, PEOPLE[8]),
        Draft::new("transfer to where a contract was", 4, Some(first), Bytes::new()).value(3),
        blow("destroy in favour of itself", second, second).value(4),
        blow("call where a contract was", second, NOBODY),
        Draft::new("destroy in the creation", 5, None, hex!("33ff")).value(6),
    ]
}

/// Calls of what a chain's genesis has: two contracts, and those of EIP-7002 and EIP-2935.
pub(crate) fn of_genesis() -> Vec<Draft> {
    let (counter, other) =
        (address!("7dcd17433742f4c0ca53122ab541d0ba67fc27df"), address!("8dcd17433742f4c0ca53122ab541d0ba67fc27ff"));
    let withdrawals = address!("00000961ef480eb55e80d19ad83579a64c007002");
    let history = address!("0000f90827f1c53a10cb7a02335b175320002935");
    let mut all: Vec<Draft> = (0..4)
        .map(|n| {
            Draft::new(format!("contract of the genesis, {n}"), 0, Some(counter), word(n).to_vec())
                .value(n)
                .gas(200_000)
        })
        .collect();
    all.extend([
        Draft::new("the other contract", 1, Some(other), Bytes::new()).gas(100_000),
        Draft::new("the other contract with data", 1, Some(other), word(7).to_vec()).gas(100_000),
        Draft::new("withdrawal request", 2, Some(withdrawals), vec![7; 56]).value(1).gas(300_000),
        Draft::new("withdrawal request for nothing", 2, Some(withdrawals), vec![7; 56]).gas(300_000),
        Draft::new("block hash of the far future", 2, Some(history), word(1 << 40).to_vec()).gas(100_000),
        Draft::new(
            "transfer to an account of the genesis",
            3,
            Some(address!("0c2c51a0990aee1d73c1228de158688341557508")),
            Bytes::new(),
        )
        .value(9),
    ]);
    all
}
