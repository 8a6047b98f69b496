//! JSON as the files are written: what fits goes on one line, so that a step mostly is one.

use serde_json::Value;

const WIDTH: usize = 160;

pub(crate) fn print(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, 0, &mut text);
    text.push('\n');
    text
}

/// `taken`: what stands on the line already, behind the indentation.
fn write(value: &Value, indent: usize, taken: usize, text: &mut String) {
    let flat = flat(value);
    if indent + taken + flat.chars().count() < WIDTH && !is_structure(value) {
        text.push_str(&flat);
        return;
    }
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    let mut items: Vec<(String, &Value)> = Vec::new();
    match value {
        Value::Array(values) => items.extend(values.iter().map(|value| (String::new(), value))),
        Value::Object(fields) => {
            items.extend(fields.iter().map(|(key, value)| (format!("{}: ", Value::from(key.as_str())), value)));
        }
        scalar => return text.push_str(&scalar.to_string()),
    }
    text.push(open);
    for (at, (key, value)) in items.iter().enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&" ".repeat(indent + 2));
        text.push_str(key);
        write(value, indent + 2, key.len(), text);
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

/// Files, cases, and the lists of cases and steps are never on one line.
fn is_structure(value: &Value) -> bool {
    let shows =
        |value: &Value| value.get("steps").is_some() || value.get("cases").is_some() || value.get("do").is_some();
    match value {
        Value::Object(fields) => fields.contains_key("steps") || fields.contains_key("cases"),
        Value::Array(values) => values.iter().any(shows),
        _ => false,
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(flat).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) if fields.is_empty() => "{}".into(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), flat(value)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}
