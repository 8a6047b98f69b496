//! What goes wrong on the way to the node.

use crate::dice::Dice;
use crate::faulty_proxy::Fault;
use serde_json::{Value, json};
use std::time::Duration;

/// One fault in five requests. Values are changed only where forks check them.
pub(crate) fn any(dice: &mut Dice, lies: bool) -> Fault {
    match dice.below(60) {
        0 => Fault::Delay(Duration::from_millis(dice.below(100))),
        1 => Fault::CloseBefore,
        2 => Fault::CloseAfter,
        3 => Fault::CutAt(usize::try_from(dice.below(2000)).unwrap_or(0)),
        4 => Fault::Drip(256, Duration::from_micros(dice.below(3000))),
        5 => Fault::Status(503, None),
        6 => Fault::Status(429, Some(0)),
        7 => Fault::Garble(Box::new(|body| body.truncate(body.len() * 2 / 3))),
        8 => {
            let at = usize::try_from(dice.below(1 << 20)).unwrap_or(0);
            // A control character is no JSON, wherever it stands.
            Fault::Garble(Box::new(move |body| {
                let at = at % body.len().max(1);
                body.splice(at..at, [0x01]);
            }))
        }
        9 => Fault::Rewrite(Box::new(|_, answer| {
            if let Some(items) = answer.as_array_mut() {
                items.reverse();
                items.truncate(items.len().div_ceil(2));
            }
        })),
        10 => Fault::Rewrite(Box::new(|_, answer| {
            each(answer, 3, |item| {
                *item =
                    json!({"jsonrpc": "2.0", "id": item["id"], "error": {"code": -32005, "message": "limit exceeded"}});
            });
        })),
        11 => Fault::Rewrite(Box::new(|_, answer| {
            each(answer, 2, |item| {
                item["id"] = json!(item["id"].as_u64().unwrap_or(0) + 1_000_000);
            });
        })),
        // Rarely: a client that waits for its timeout does nothing else meanwhile.
        12 if dice.below(20) == 0 => Fault::Drip(1, Duration::from_millis(200)),
        13 | 14 if lies => Fault::Rewrite(Box::new(|_, answer| each(answer, 4, lie))),
        _ => Fault::None,
    }
}

fn each(answer: &mut Value, step: usize, change: impl Fn(&mut Value)) {
    match answer {
        Value::Array(items) => items.iter_mut().step_by(step).for_each(change),
        one => change(one),
    }
}

/// A balance, a slot's value or a code that could be right and is not.
fn lie(item: &mut Value) {
    let result = &mut item["result"];
    if result.get("accountProof").is_none() {
        return;
    }
    if let Some(slot) = result["storageProof"].get_mut(0) {
        slot["value"] = json!("0x123456");
    } else {
        result["balance"] = json!("0x123456");
    }
}
