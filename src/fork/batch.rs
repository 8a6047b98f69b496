//! JSON-RPC bodies: one request object, or an array of them, and what comes back.

use super::failure::Failure;
use super::transport::TransportError;
use serde_json::{Map, Value};
use std::fmt::Write;

/// One request of a body.
pub(super) struct Item {
    pub(super) id: u64,
    pub(super) method: &'static str,
    /// JSON array.
    pub(super) params: String,
}

/// The body for `items`: an object when there is one, else an array.
pub(super) fn encode(items: &[Item]) -> String {
    let mut body = String::with_capacity(items.iter().map(|item| item.params.len() + 80).sum());
    let array = items.len() != 1;
    for (i, Item { id, method, params }) in items.iter().enumerate() {
        if array {
            body.push(if i == 0 { '[' } else { ',' });
        }
        // Writing to a `String` cannot fail.
        let _ = write!(body, r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#);
    }
    if array {
        body.push_str(if items.is_empty() { "[]" } else { "]" });
    }
    body
}

/// What came back for a body.
#[derive(Debug)]
pub(super) enum Reading {
    /// One error for all of several requests: the node takes no batches of this size, or is not willing now.
    Refused(Failure),
    /// An answer to each request.
    Answers(Answers),
}

/// Answers by request.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// One `result`, or the node's error, for each request that was answered exactly once.
    pub(super) given: Vec<(u64, Result<Value, Failure>)>,
    /// Requests without a usable answer.
    pub(super) missing: Vec<u64>,
    /// What else is wrong: answers to nothing, two answers to one request.
    pub(super) faults: Vec<String>,
}

/// Reads the answer to the requests `ids`. The error says why the body is no JSON-RPC answer at all.
pub(super) fn read(body: &[u8], ids: &[u64]) -> Result<Reading, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let start = super::failure::cut(&String::from_utf8_lossy(&body[..body.len().min(120)]));
        format!("the answer is not JSON ({error}): {start}")
    })?;
    match value {
        Value::Array(items) => Ok(read_array(items, ids)),
        Value::Object(object) if ids.len() == 1 => Ok(Reading::Answers(read_items(vec![object], ids, true))),
        Value::Object(object) => match error_of(&object) {
            Some(failure) => Ok(Reading::Refused(failure)),
            None => Err(format!("one answer came for {} requests", ids.len())),
        },
        _ => Err("the answer is neither a JSON object nor an array".into()),
    }
}

/// Reads JSON-RPC errors that came with an HTTP status of 4xx. Limits are told by the status itself.
pub(super) fn read_status(error: &TransportError, ids: &[u64]) -> Option<Reading> {
    let TransportError::Status { code: code @ 400..=499, body, .. } = error else { return None };
    if matches!(code, 408 | 413 | 429) {
        return None;
    }
    let label = |failure: Failure| Failure { text: format!("HTTP status {code}, {}", failure.text), ..failure };
    match read(body, ids).ok()? {
        Reading::Refused(failure) => Some(Reading::Refused(label(failure))),
        Reading::Answers(mut answers) => {
            answers.given.retain(|(_, answer)| answer.is_err());
            if answers.given.is_empty() || !answers.missing.is_empty() {
                return None;
            }
            answers.given = answers.given.into_iter().map(|(id, answer)| (id, answer.map_err(label))).collect();
            Some(Reading::Answers(answers))
        }
    }
}

/// Splits one whole response into its `result` or error. The error says why it is no response.
pub(super) fn read_response(mut object: Map<String, Value>) -> Result<Result<Value, Failure>, String> {
    let error = error_of(&object);
    match (object.remove("result"), error) {
        (None | Some(Value::Null), Some(failure)) => Ok(Err(failure)),
        (Some(_), Some(_)) => Err("the answer has a result and an error".into()),
        (Some(result), None) => Ok(Ok(result)),
        (None, None) => Err("the answer has neither a result nor an error".into()),
    }
}

fn read_array(mut items: Vec<Value>, ids: &[u64]) -> Reading {
    if ids.len() > 1
        && let [Value::Object(only)] = items.as_slice()
        && only.get("id").is_none_or(Value::is_null)
        && let Some(failure) = error_of(only)
    {
        return Reading::Refused(failure);
    }
    let count = items.len();
    items.retain(Value::is_object);
    let not_objects = count - items.len();
    let objects = items.into_iter().filter_map(|item| if let Value::Object(o) = item { Some(o) } else { None });
    let mut answers = read_items(objects.collect(), ids, false);
    if not_objects > 0 {
        answers.faults.push(format!("{not_objects} answers are not objects"));
    }
    Reading::Answers(answers)
}

/// `alone`: an error without an id belongs to the only request, as the answer to one that could not be read.
fn read_items(objects: Vec<Map<String, Value>>, ids: &[u64], alone: bool) -> Answers {
    let mut answers = Answers::default();
    let mut slots: Vec<Option<Result<Value, Failure>>> = ids.iter().map(|_| None).collect();
    let mut spoilt = vec![false; ids.len()];
    for object in objects {
        let id = object.get("id").cloned().unwrap_or(Value::Null);
        let at = match id.as_u64() {
            Some(id) => ids.iter().position(|asked| *asked == id),
            None if alone && id.is_null() && error_of(&object).is_some() => Some(0),
            None => None,
        };
        let Some(at) = at else {
            answers.faults.push(format!("id {} was not asked for", super::failure::cut(&id.to_string())));
            continue;
        };
        match read_response(object) {
            Err(text) => answers.faults.push(format!("id {}: {text}", ids[at])),
            Ok(_) if slots[at].is_some() || spoilt[at] => {
                // Which of the two is right cannot be known.
                answers.faults.push(format!("id {} is answered twice", ids[at]));
                slots[at] = None;
                spoilt[at] = true;
            }
            Ok(answer) => slots[at] = Some(answer),
        }
    }
    for (id, slot) in ids.iter().zip(slots) {
        match slot {
            Some(answer) => answers.given.push((*id, answer)),
            None => answers.missing.push(*id),
        }
    }
    answers
}

fn error_of(object: &Map<String, Value>) -> Option<Failure> {
    let error = object.get("error").filter(|error| !error.is_null())?;
    let Some(error) = error.as_object() else {
        let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
        return Some(Failure::reported(0, &text));
    };
    let code = error.get("code").and_then(Value::as_i64).unwrap_or(0);
    let mut text = match error.get("message") {
        Some(Value::String(message)) => message.clone(),
        _ => Value::Object(error.clone()).to_string(),
    };
    if let Some(Value::String(data)) = error.get("data") {
        text = format!("{text} ({data})");
    }
    Some(Failure::reported(code, &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(body: &str, ids: &[u64]) -> Answers {
        match read(body.as_bytes(), ids) {
            Ok(Reading::Answers(answers)) => answers,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_request_is_an_object() {
        let item = |id| Item { id, method: "eth_chainId", params: "[]".into() };
        let object = r#"{"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":[]}"#;
        assert_eq!(encode(&[item(7)]), object);
        assert_eq!(encode(&[item(7), item(7)]), format!("[{object},{object}]"));
    }

    #[test]
    fn answers_come_in_any_order() {
        let body = r#"[{"id":2,"result":"b"},{"id":1,"error":{"code":-5,"message":"no"}},{"id":3,"result":null}]"#;
        let answers = answers(body, &[1, 2, 3]);
        assert!(answers.missing.is_empty() && answers.faults.is_empty());
        assert_eq!(answers.given[0].1.as_ref().unwrap_err().text, "error -5: no");
        assert_eq!(answers.given[1].1.as_ref().unwrap(), "b");
        assert!(answers.given[2].1.as_ref().unwrap().is_null());
    }

    #[test]
    fn a_request_answered_twice_is_not_answered() {
        let body = r#"[{"id":1,"result":"a"},{"id":1,"result":"b"},{"id":1,"result":"c"},{"id":2,"result":"d"}]"#;
        let answers = answers(body, &[1, 2]);
        assert_eq!(answers.missing, [1]);
        assert_eq!(answers.given.len(), 1);
        assert_eq!(answers.faults[0], "id 1 is answered twice");
    }

    #[test]
    fn foreign_ids_answer_nothing() {
        for id in ["9", "\"1\"", "null", "1.5", "-1"] {
            let answers = answers(&format!(r#"{{"id":{id},"result":"0x1"}}"#), &[1]);
            assert_eq!((answers.missing.as_slice(), answers.given.len()), (&[1][..], 0), "{id}");
            assert!(answers.faults[0].contains("was not asked for"));
        }
        let unread = answers(r#"{"id":null,"error":{"code":-32700,"message":"parse"}}"#, &[1]);
        assert!(unread.given[0].1.is_err());
    }

    #[test]
    fn one_error_for_several_requests_refuses_the_batch() {
        let error = r#"{"id":null,"error":{"code":-32600,"message":"batch not allowed"}}"#;
        for body in [error.to_owned(), format!("[{error}]")] {
            let Ok(Reading::Refused(failure)) = read(body.as_bytes(), &[1, 2]) else { panic!("{body}") };
            assert!(failure.batch_refused);
        }
    }

    #[test]
    fn what_is_no_answer_is_told() {
        for body in ["", "<html>", "[{\"id\":1", "1", "null", r#"{"id":1,"result":1}"#] {
            assert!(read(body.as_bytes(), &[1, 2]).is_err(), "{body}");
        }
        assert_eq!(answers(r#"{"id":1,"result":1,"error":{"code":1,"message":"x"}}"#, &[1]).missing, [1]);
        assert_eq!(answers(r#"[1,{"id":1}]"#, &[1]).faults.len(), 2);
    }
}
