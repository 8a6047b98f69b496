//! scratch
use alloy_primitives::{Address, Bytes, U256, address};
use worldstate::evm::*;
use worldstate::state::State;

#[test]
fn smoke() {
    let mut evm = Evm::new(EvmOptions { ask_host: true, ..Default::default() }).unwrap();
    let mut state = State::new();
    let to: Address = address!("00000000000000000000000000000000000000aa");
    // SLOAD(1) + SLOAD(2) -> SSTORE(3), CALL 0xbb
    let code = Bytes::from_static(&[
        0x60, 1, 0x54, 0x60, 2, 0x54, 0x01, 0x60, 3, 0x55, 0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0xbb,
        0x5a, 0xf1, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3,
    ]);
    evm.start(Message { to: Some(to), code: Some(code), gas_limit: 1_000_000, ..Default::default() }).unwrap();
    let mut n = 0;
    loop {
        match evm.run(&mut state).unwrap() {
            Progress::Ready => break,
            _ => {
                let need = evm.pending()[0];
                println!("{need}");
                n += 1;
                assert!(n < 30);
                evm.answer(match need {
                    Need::Storage(a, s) => Answer::Storage(a, s, U256::from(7)),
                    Need::Balance(a) => Answer::Balance(a, U256::from(9)),
                    Need::Nonce(a) => Answer::Nonce(a, 1),
                    Need::Code(a) => Answer::Code(a, Bytes::new()),
                    other => panic!("{other}"),
                })
                .unwrap();
            }
        }
    }
    println!("{:?}", evm.outcome());
    println!("{}", evm.changes().unwrap().to_json());
    evm.commit(&mut state).unwrap();
    assert_eq!(state.storage(to, U256::from(3)).unwrap(), U256::from(14));
}
