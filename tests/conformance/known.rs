//! Cases that revm itself fails, by name and with the reason.

use std::collections::BTreeMap;

/// The lines of `known_failures.txt`: the reason stands in a comment above the names to which it applies.
pub(crate) struct Known(BTreeMap<&'static str, String>);

impl Known {
    pub(crate) fn read() -> Result<Self, String> {
        let mut known = BTreeMap::new();
        let mut reason = String::new();
        let mut named = true;
        for line in include_str!("known_failures.txt").lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(text) = line.strip_prefix('#') {
                if named {
                    reason.clear();
                    named = false;
                }
                reason.push_str(text);
                continue;
            }
            named = true;
            if reason.is_empty() {
                return Err(format!("known_failures.txt gives no reason for {line}"));
            }
            if known.insert(line, reason.trim().to_owned()).is_some() {
                return Err(format!("known_failures.txt names {line} twice"));
            }
        }
        Ok(Self(known))
    }

    /// Why the case fails. The directory that was asked for may be any above or below the one that the list names.
    pub(crate) fn reason(&self, name: &str) -> Option<&str> {
        if let Some(reason) = self.0.get(name) {
            return Some(reason);
        }
        let below = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'));
        self.0.iter().find(|(known, _)| below(known, name) || below(name, known)).map(|(_, reason)| reason.as_str())
    }
}
