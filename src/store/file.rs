//! The file of a chain: its name, its layout, and how it is opened, judged and set aside.

use super::record::{Seal, decode_chain, encode_chain};
use super::types::Chain;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// "wlds": what `SQLite` calls the application id of a file.
const APPLICATION: i32 = i32::from_be_bytes(*b"wlds");
/// Part of the file's name as well, so that two versions of the library do not set each other's files aside.
const VERSION: i32 = 1;
const EXTENSION: &str = "v1.worldstate";
/// How long another process may hold the file before an attempt is given up.
pub(super) const BUSY: Duration = Duration::from_secs(5);
/// Bytes of the log at which it is moved into the file.
pub(super) const LOG: u64 = 8 << 20;
/// KiB of pages that a connection keeps in memory, if it is told nothing else.
const PAGE_CACHE: u32 = 16 << 10;

/// The whole layout; a file whose own differs by a letter is not ours.
const LAYOUT: [&str; 9] = [
    "CREATE TABLE meta (id INTEGER PRIMARY KEY, data BLOB)",
    "CREATE TABLE block (id INTEGER PRIMARY KEY, key BLOB UNIQUE, number BLOB, data BLOB, is_final INTEGER, \
     filled INTEGER, used INTEGER)",
    "CREATE INDEX block_number ON block (number) WHERE is_final = 1",
    "CREATE INDEX block_used ON block (used)",
    "CREATE TABLE tag (name BLOB PRIMARY KEY, data BLOB) WITHOUT ROWID",
    "CREATE TABLE value (id INTEGER PRIMARY KEY, data BLOB)",
    "CREATE TABLE content (id INTEGER PRIMARY KEY, used INTEGER, data BLOB)",
    "CREATE INDEX content_used ON content (used)",
    "CREATE TABLE touched (id INTEGER PRIMARY KEY, key BLOB UNIQUE, data BLOB)",
];

/// Why the file did not do what it was asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is damaged, or not ours: no use in asking again.
    Damaged(String),
    /// It cannot be written, and may be readable.
    ReadOnly(String),
    /// Another process has held it for too long.
    Busy(String),
    /// Anything else: the disk is full, …
    Refused(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        // What SQLite adds to its result codes where it knows more.
        const SHORT_READ: i32 = 522;
        let text = error.to_string();
        match error.sqlite_error() {
            Some(cause) if cause.extended_code == SHORT_READ => Self::Damaged(text),
            Some(cause) => match cause.code {
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
                // The statements are constant: that one does not fit the file is the file's fault.
                | ErrorCode::Unknown | ErrorCode::TypeMismatch | ErrorCode::ConstraintViolation
                | ErrorCode::SchemaChanged | ErrorCode::InternalMalfunction | ErrorCode::TooBig => Self::Damaged(text),
                ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Self::ReadOnly(text),
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                    Self::Busy(text)
                }
                _ => Self::Refused(text),
            },
            None => Self::Damaged(text),
        }
    }
}

impl Failure {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Damaged(text) | Self::ReadOnly(text) | Self::Busy(text) | Self::Refused(text) => text,
        }
    }
}

/// How much may be done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
    /// Reading a file that no process can be writing to, or that is not worth a lock.
    Frozen,
}

/// The name of a chain's file. The hash keeps names apart that differ in what file names cannot show.
pub(super) fn name(chain: &Chain) -> String {
    let clean = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    let network: String = chain.network.chars().map(clean).take(40).collect();
    let hash = twox_hash::XxHash64::oneshot(0, &encode_chain(chain));
    format!("{}-{network}-{:08x}.{EXTENSION}", chain.id, hash >> 32)
}

/// Whether a file in a cache directory has the name of a chain's file.
pub(super) fn is_named_so(name: &Path) -> bool {
    name.to_str().is_some_and(|name| name.strip_suffix(EXTENSION).is_some_and(|name| name.ends_with('.')))
}

/// Opens the file and does not look into it yet.
pub(super) fn connect(path: &Path, access: Access) -> Result<Connection, Failure> {
    let base = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match access {
        Access::Write => {
            let flags = base | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
            Connection::open_with_flags(path, flags)
        }
        Access::Read => Connection::open_with_flags(path, base | OpenFlags::SQLITE_OPEN_READ_ONLY),
        Access::Frozen => {
            let flags = base | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(frozen_uri(path), flags)
        }
    }?;
    connection.busy_timeout(BUSY)?;
    // No memory mapping: a file that another program cuts short would kill the process.
    connection.execute_batch(&format!(
        "PRAGMA mmap_size = 0; PRAGMA cell_size_check = 1; PRAGMA trusted_schema = 0; PRAGMA temp_store = 2; \
         PRAGMA cache_size = -{PAGE_CACHE}; PRAGMA foreign_keys = 0; PRAGMA synchronous = 1; \
         PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 1048576;"
    ))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens the file for writing, makes it if it is not there, and checks that it is this chain's.
pub(super) fn open_to_write(path: &Path, chain: &Chain) -> Result<Connection, Failure> {
    let mut connection = connect(path, Access::Write)?;
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        // Its header can say so as well as its permissions.
        let may_write = std::fs::OpenOptions::new().write(true).open(path).is_ok();
        return Err(if may_write {
            Failure::Damaged("its header is of a format that cannot be written".to_owned())
        } else {
            Failure::ReadOnly("the file is read-only".to_owned())
        });
    }
    if is_blank(&connection)? {
        make(&mut connection, chain)?;
    }
    judge(&connection, Some(chain))?;
    Ok(connection)
}

/// Opens a file that is there for reading, and checks that it is this chain's, if one is named.
pub(super) fn open_to_read(path: &Path, chain: Option<&Chain>) -> Result<(Connection, Chain), Failure> {
    let mut last = Failure::ReadOnly("the file is not there".to_owned());
    for access in [Access::Read, Access::Frozen] {
        let opened = connect(path, access).and_then(|connection| {
            let found = judge(&connection, chain)?;
            Ok((connection, found))
        });
        match opened {
            Ok(opened) => return Ok(opened),
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

/// Reads which chain a file belongs to, and leaves no trace beside it.
pub(super) fn chain_of(path: &Path) -> Result<Chain, Failure> {
    judge(&connect(path, Access::Frozen)?, None)
}

fn is_blank(connection: &Connection) -> Result<bool, Failure> {
    let tables: i64 = connection.query_one("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0 && application(connection)? == (0, 0))
}

fn application(connection: &Connection) -> Result<(i32, i32), Failure> {
    let id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((id, version))
}

fn make(connection: &mut Connection, chain: &Chain) -> Result<(), Failure> {
    connection.execute_batch("PRAGMA auto_vacuum = 2; PRAGMA journal_mode = WAL;")?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if is_blank(&transaction)? {
        for statement in LAYOUT {
            transaction.execute_batch(statement)?;
        }
        let meta = Seal::of_format().close(&[], &encode_chain(chain));
        transaction.execute("INSERT INTO meta (id, data) VALUES (1, ?1)", [meta])?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    // Whoever lists a directory's chains reads the file without its log.
    checkpoint(connection)
}

/// Moves the log into the file as far as no reader needs it.
pub(super) fn checkpoint(connection: &Connection) -> Result<(), Failure> {
    Ok(connection.query_one("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}

/// Checks that the file is one of ours, of this version, and of this chain if one is named.
fn judge(connection: &Connection, chain: Option<&Chain>) -> Result<Chain, Failure> {
    let damaged = |text: String| Err(Failure::Damaged(text));
    match application(connection)? {
        (APPLICATION, VERSION) => {}
        (APPLICATION, version) => return damaged(format!("its format is version {version}, not {VERSION}")),
        _ => return damaged("it is no file of this library".to_owned()),
    }
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?;
    let layout = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    if layout != LAYOUT {
        return damaged("its layout is not the one that belongs to its version".to_owned());
    }
    let meta: Option<Vec<u8>> =
        connection.query_one("SELECT data FROM meta WHERE id = 1", [], |row| row.get(0)).optional()?;
    let found = meta.as_deref().and_then(|meta| Seal::of_format().open(meta)).and_then(decode_chain);
    let Some(found) = found else { return damaged("the record of its chain is damaged".to_owned()) };
    match chain {
        Some(chain) if *chain != found => {
            damaged(format!("it belongs to chain {} of network {}", found.id, found.network))
        }
        _ => Ok(found),
    }
}

/// Renames the file, and what `SQLite` keeps beside it, to the first free `<name>.corrupt-<n>`, and gives its new name.
pub(super) fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    for number in 1..=10_000 {
        let aside = beside(path, &format!(".corrupt-{number}"));
        if aside.symlink_metadata().is_ok() {
            continue;
        }
        std::fs::rename(path, &aside)?;
        for suffix in ["-wal", "-shm"] {
            match std::fs::rename(beside(path, suffix), beside(&aside, suffix)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        return Ok(aside);
    }
    Err(std::io::Error::other("10,000 files have been set aside already"))
}

/// The path with more to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Bytes of the file with its log.
pub(super) fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |found| found.len()) + log_size(path)
}

pub(super) fn log_size(path: &Path) -> u64 {
    beside(path, "-wal").metadata().map_or(0, |found| found.len())
}

/// Which file is at the path: another one after it was moved away.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = path.metadata().ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some((found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = found;
        Some((0, 0))
    }
}

fn frozen_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri + "?immutable=1"
}
