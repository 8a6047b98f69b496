//! The rules of execution, by name and by number.

use crate::error::{Error, Result};
use revm::primitives::hardfork::SpecId;
use std::fmt;
use std::str::FromStr;

/// A hardfork of Ethereum's execution layer; the default is the newest that is final.
///
/// The numbers are part of the C interface and stay what they are. Forks that changed no rule of execution are other
/// names of the one before (`DAO`, `MuirGlacier`, `ArrowGlacier`, `GrayGlacier`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Hardfork {
    /// The first rules.
    Frontier = 0,
    /// EIP-606.
    Homestead = 1,
    /// EIP-608; in test suites `EIP150`.
    Tangerine = 2,
    /// EIP-607; in test suites `EIP158`.
    SpuriousDragon = 3,
    /// EIP-609.
    Byzantium = 4,
    /// EIP-1716: Constantinople without EIP-1283; in test suites `ConstantinopleFix`.
    Petersburg = 5,
    /// EIP-1679.
    Istanbul = 6,
    /// EIP-2070.
    Berlin = 7,
    /// EIP-1559 and others.
    London = 8,
    /// The merge.
    Paris = 9,
    /// EIP-3855, EIP-3860 and others.
    Shanghai = 10,
    /// EIP-7569.
    Cancun = 11,
    /// EIP-7600.
    Prague = 12,
    /// EIP-7607.
    #[default]
    Osaka = 13,
}

impl Hardfork {
    /// Every hardfork, oldest first: each stands at its number.
    pub const ALL: [Self; 14] = [
        Self::Frontier,
        Self::Homestead,
        Self::Tangerine,
        Self::SpuriousDragon,
        Self::Byzantium,
        Self::Petersburg,
        Self::Istanbul,
        Self::Berlin,
        Self::London,
        Self::Paris,
        Self::Shanghai,
        Self::Cancun,
        Self::Prague,
        Self::Osaka,
    ];

    /// The hardfork of that number.
    pub fn from_number(number: u32) -> Result<Self> {
        let known = usize::try_from(number).ok().and_then(|number| Self::ALL.get(number));
        known.copied().ok_or_else(|| {
            let last = Self::ALL.len() - 1;
            Error::InvalidInput(format!("hardfork number {number} is unknown: the known ones are 0 to {last}"))
        })
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frontier => "Frontier",
            Self::Homestead => "Homestead",
            Self::Tangerine => "Tangerine",
            Self::SpuriousDragon => "SpuriousDragon",
            Self::Byzantium => "Byzantium",
            Self::Petersburg => "Petersburg",
            Self::Istanbul => "Istanbul",
            Self::Berlin => "Berlin",
            Self::London => "London",
            Self::Paris => "Paris",
            Self::Shanghai => "Shanghai",
            Self::Cancun => "Cancun",
            Self::Prague => "Prague",
            Self::Osaka => "Osaka",
        }
    }

    /// What revm calls it.
    #[must_use]
    pub const fn spec(self) -> SpecId {
        match self {
            Self::Frontier => SpecId::FRONTIER,
            Self::Homestead => SpecId::HOMESTEAD,
            Self::Tangerine => SpecId::TANGERINE,
            Self::SpuriousDragon => SpecId::SPURIOUS_DRAGON,
            Self::Byzantium => SpecId::BYZANTIUM,
            Self::Petersburg => SpecId::PETERSBURG,
            Self::Istanbul => SpecId::ISTANBUL,
            Self::Berlin => SpecId::BERLIN,
            Self::London => SpecId::LONDON,
            Self::Paris => SpecId::MERGE,
            Self::Shanghai => SpecId::SHANGHAI,
            Self::Cancun => SpecId::CANCUN,
            Self::Prague => SpecId::PRAGUE,
            Self::Osaka => SpecId::OSAKA,
        }
    }
}

impl fmt::Display for Hardfork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Hardfork {
    type Err = Error;

    /// Any case, with or without separators: `SpuriousDragon`, `spurious_dragon`, `spurious-dragon`.
    fn from_str(text: &str) -> Result<Self> {
        let mut name = text.trim().to_ascii_lowercase();
        name.retain(|character| !matches!(character, '_' | '-' | ' ' | '.'));
        let flaw = match name.as_str() {
            "frontier" | "frontierthawing" | "chainstart" => return Ok(Self::Frontier),
            "homestead" | "dao" | "daofork" => return Ok(Self::Homestead),
            "tangerine" | "tangerinewhistle" | "eip150" => return Ok(Self::Tangerine),
            "spuriousdragon" | "spurious" | "eip155" | "eip158" | "eip161" => return Ok(Self::SpuriousDragon),
            "byzantium" => return Ok(Self::Byzantium),
            "petersburg" | "stpetersburg" | "constantinoplefix" => return Ok(Self::Petersburg),
            "istanbul" | "muirglacier" => return Ok(Self::Istanbul),
            "berlin" => return Ok(Self::Berlin),
            "london" | "arrowglacier" | "grayglacier" => return Ok(Self::London),
            "paris" | "merge" | "themerge" => return Ok(Self::Paris),
            "shanghai" => return Ok(Self::Shanghai),
            "cancun" => return Ok(Self::Cancun),
            "prague" => return Ok(Self::Prague),
            "osaka" | "latest" => return Ok(Self::Osaka),
            "constantinople" => "is not offered: no chain ran it without its fix, which is Petersburg",
            "amsterdam" => "is not final",
            _ => "is unknown",
        };
        let known: Vec<_> = Self::ALL.iter().map(|hardfork| hardfork.name()).collect();
        let shown: String = text.chars().take(40).collect();
        Err(Error::InvalidInput(format!("hardfork {shown:?} {flaw}; the known ones are {}", known.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_specs_agree() {
        for (number, hardfork) in (0..).zip(Hardfork::ALL) {
            assert_eq!(hardfork.number(), number);
            assert_eq!(Hardfork::from_number(number).unwrap(), hardfork);
            assert_eq!(hardfork.name().parse::<Hardfork>().unwrap(), hardfork);
            assert_eq!(hardfork.name().to_uppercase().parse::<Hardfork>().unwrap(), hardfork);
            // revm's own name of the same spec leads back here.
            assert_eq!(hardfork.spec().to_string().parse::<Hardfork>().unwrap(), hardfork);
        }
        assert_eq!(Hardfork::default().spec(), SpecId::default());
        let error = Hardfork::from_number(14).unwrap_err().to_string();
        assert_eq!(error, "hardfork number 14 is unknown: the known ones are 0 to 13");
        assert!(Hardfork::from_number(u32::MAX).is_err());
    }

    #[test]
    fn names_of_other_tools() {
        for (name, hardfork) in [
            ("EIP150", Hardfork::Tangerine),
            ("TangerineWhistle", Hardfork::Tangerine),
            ("EIP158", Hardfork::SpuriousDragon),
            ("spurious_dragon", Hardfork::SpuriousDragon),
            ("ConstantinopleFix", Hardfork::Petersburg),
            ("muirGlacier", Hardfork::Istanbul),
            ("gray-glacier", Hardfork::London),
            ("merge", Hardfork::Paris),
            ("latest", Hardfork::Osaka),
        ] {
            assert_eq!(name.parse::<Hardfork>().unwrap(), hardfork, "{name}");
        }
    }

    #[test]
    fn what_is_not_offered_says_why() {
        let text = |name: &str| name.parse::<Hardfork>().unwrap_err().to_string();
        assert!(text("Constantinople").contains("Petersburg"));
        assert!(text("Amsterdam").starts_with("hardfork \"Amsterdam\" is not final; the known ones are Frontier, "));
        assert!(text("Amsterdam").ends_with(", Osaka"));
        assert!(text("").contains("is unknown"));
        assert!(text(&"x".repeat(1_000_000)).len() < 300);
    }
}
