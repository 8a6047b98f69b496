//! `include/worldstate.h` is generated from the sources: this test writes it when `WORLDSTATE_WRITE_HEADER` is set, and
//! otherwise fails when the committed one is stale.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Title, what a reader needs to know first, source files, types that no function of the section names, structs to
/// begin with an INIT macro.
struct Section {
    title: &'static str,
    intro: &'static str,
    sources: &'static [&'static str],
    types: &'static [&'static str],
    inits: &'static [(&'static str, &'static str)],
}

const SECTIONS: &[Section] = &[
    Section {
        title: "Handles",
        intro: "Numbers in a pointer's clothes, never addresses: a dead, foreign or invented one is told apart and\n\
                refused with STATE_MANAGER_ERROR_INVALID_HANDLE.",
        sources: &["handle.rs"],
        types: &["StateManagerHandle", "ForkBackendHandle", "ForkReplyHandle", "EvmHandle"],
        inits: &[],
    },
    Section {
        title: "Status codes",
        intro: "What every function that returns int returns. Numbers are never reused.",
        sources: &["status.rs"],
        types: &[],
        inits: &[],
    },
    Section { title: "Library", intro: "", sources: &["library.rs"], types: &[], inits: &[] },
    Section {
        title: "State manager: life",
        intro: "",
        sources: &["state_manager/lifecycle.rs"],
        types: &[],
        inits: &[],
    },
    Section {
        title: "State manager: values as text",
        intro: "Addresses are 0x and 40 hex digits in any case (the prefix may be missing). Numbers come out as 0x hex.\n\
                Every write makes its account exist. On a fork, reads give RPC_PENDING when the host carries the\n\
                requests and has not answered yet, and RPC_FAILED when the node could not.",
        sources: &["state_manager/account_status.rs", "state_manager/text.rs"],
        types: &[],
        inits: &[],
    },
    Section {
        title: "State manager: values as bytes",
        intro: "The same functions with big-endian bytes: 20 for an address, 32 for a word or hash.",
        sources: &["state_manager/bytes.rs"],
        types: &[],
        inits: &[],
    },
    Section {
        title: "State manager: many values at a time",
        intro: "Arrays stand one after another without gaps: 20 bytes an address, 32 a word.",
        sources: &["state_manager/batch.rs"],
        types: &[],
        inits: &[],
    },
    Section {
        title: "State manager: checkpoints, snapshots, changes",
        intro: "",
        sources: &["state_manager/history.rs"],
        types: &[],
        inits: &[],
    },
    Section {
        title: "State manager: the state as a whole",
        intro: "",
        sources: &["state_manager/whole.rs", "state_manager/proof.rs"],
        types: &[],
        inits: &[],
    },
    Section {
        title: "Fork backend: life",
        intro: "",
        sources: &[
            "fork_backend/callback.rs",
            "fork_backend/options.rs",
            "fork_backend/lifecycle.rs",
            "fork_backend/prefetch.rs",
            "fork_backend/cache.rs",
            "fork_backend/stats.rs",
            "fork_backend/metrics.rs",
        ],
        types: &["ForkRpcVtable", "ForkBackendOptions"],
        inits: &[
            ("ForkRpcVtable", "FORK_RPC_VTABLE_INIT"),
            ("ForkBackendOptions", "FORK_BACKEND_OPTIONS_INIT"),
            ("ForkBackendStats", "FORK_BACKEND_STATS_INIT"),
            ("ForkBackendMethodStats", "FORK_BACKEND_METHOD_STATS_INIT"),
        ],
    },
    Section {
        title: "Fork backend: the host carries the requests",
        intro: "Of a fork without URL and callbacks. A read that gives RPC_PENDING has queued its request; take requests\n\
                (one at a time, or as whole JSON-RPC bodies), send them, hand the answers back, and read again.",
        sources: &["fork_backend/host.rs"],
        types: &[],
        inits: &[],
    },
    Section {
        title: "Proofs",
        intro: "Checks of what a node said, without fork and without network.",
        sources: &["proof.rs"],
        types: &[],
        inits: &[],
    },
    Section {
        title: "Evm: life",
        intro: "Executes transactions and messages over a state manager. In a library with the cargo feature evm, which is\n\
                the default.",
        sources: &["evm/lifecycle.rs"],
        types: &["EvmOptions"],
        inits: &[("EvmOptions", "EVM_OPTIONS_INIT"), ("EvmStats", "EVM_STATS_INIT")],
    },
    Section {
        title: "Evm: what is executed, and where",
        intro: "None of this can be changed while an execution is under way, except for what is executed next.",
        sources: &["evm/setup.rs"],
        types: &["EvmMessage"],
        inits: &[("EvmMessage", "EVM_MESSAGE_INIT")],
    },
    Section {
        title: "Evm: call and continue",
        intro: "An execution that comes to state which is not here stops, says what it needs, and goes on from that very\n\
                opcode once it is answered. Gas, and what is warm, are as if everything had been here from the start.",
        sources: &["evm/call.rs"],
        types: &["AsyncRequest"],
        inits: &[],
    },
    Section {
        title: "Evm: results",
        intro: "",
        sources: &["evm/result.rs"],
        types: &["EvmResult"],
        inits: &[("EvmResult", "EVM_RESULT_INIT")],
    },
    Section {
        title: "Evm: a look inside",
        intro: "",
        sources: &["evm/inspect.rs"],
        types: &["EvmPrecompileCall"],
        inits: &[("EvmPrecompileCall", "EVM_PRECOMPILE_CALL_INIT")],
    },
    Section { title: "Evm: traces", intro: "", sources: &["evm/trace.rs"], types: &[], inits: &[] },
];

const HEAD: &str = "\
/* worldstate: Ethereum's world state as a C library. Generated from the sources; do not edit.
 *
 * - int functions return STATE_MANAGER_SUCCESS (0) or a negative status; worldstate_last_error() has the text.
 * - Outputs are written only on success, except lengths, which OUTPUT_TOO_SMALL sets too, and AsyncRequest, which
 *   says EVM_OUTPUT_ERROR where its call fails.
 * - The caller owns every buffer; the library keeps no pointer beyond the call. A pointer is ignored where its
 *   length is 0. Inputs and outputs of one call must not overlap.
 * - Every function may be called from any thread. FFI-BOUNDARY.md has the details. */
#ifndef WORLDSTATE_H
#define WORLDSTATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern \"C\" {
#endif
";

const TAIL: &str = "
#ifdef __cplusplus
}
#endif

#endif /* WORLDSTATE_H */
";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `{sizeof(NAME), 0, …}`: one initialiser for each field that the generated struct has.
fn init_macro(header: &str, structure: &str, name: &str) -> String {
    let start = header.find(&format!("typedef struct {structure} {{")).expect("struct is in the header");
    let end = start + header[start..].find(&format!("}} {structure};")).expect("struct ends");
    let mut fields = Vec::new();
    let mut depth = 0;
    for line in header[start..end].lines() {
        let code = if line.trim_start().starts_with(['*', '/']) { "" } else { line };
        depth += code.matches('(').count();
        depth -= code.matches(')').count();
        if depth == 0 && code.trim_end().ends_with(';') {
            fields.push(if code.contains('[') { ", {0}" } else { ", 0" });
        }
    }
    assert!(fields.len() > 1);
    let zeros = fields[1..].concat();
    format!(
        "\n/** A {structure} to begin with: everything at its default. */\n#define {name} {{sizeof({structure}){zeros}}}\n"
    )
}

/// Comments of one line on one line, and numbers as macros want them.
fn tidy(header: &str) -> String {
    let mut out = String::with_capacity(header.len());
    let mut lines = header.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "/**" {
            let text = lines.next().expect("a comment has text");
            if lines.peek().is_some_and(|next| next.trim() == "*/") {
                lines.next();
                let indent = &line[..line.len() - 3];
                let _ = writeln!(out, "{indent}/** {} */", text.trim().trim_start_matches("* "));
                continue;
            }
            let _ = writeln!(out, "{line}\n{text}");
            continue;
        }
        // A negative number in a macro wants parentheses.
        match line.rsplit_once(" -") {
            Some((name, number)) if line.starts_with("#define") => writeln!(out, "{name} (-{number})"),
            _ => writeln!(out, "{line}"),
        }
        .expect("a string can be written to");
    }
    out
}

fn generate() -> String {
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    let mut header = HEAD.to_owned();
    for section in SECTIONS {
        config.export.include = section.types.iter().map(ToString::to_string).collect();
        let mut part = String::new();
        for source in section.sources {
            let path = root().join("src/ffi").join(source);
            let bindings = cbindgen::Builder::new().with_config(config.clone()).with_src(&path).generate();
            let mut text = Vec::new();
            bindings.unwrap_or_else(|error| panic!("{}: {error}", path.display())).write(&mut text);
            let text = String::from_utf8(text).expect("the header is UTF-8");
            let _ = write!(part, "\n{}", tidy(text.trim()));
            for (structure, name) in section.inits {
                if text.contains(&format!("typedef struct {structure} {{")) {
                    part += &init_macro(&text, structure, name);
                }
            }
        }
        let rule = "-".repeat(100);
        let _ = write!(header, "\n/* {rule}\n * {}\n", section.title);
        for line in section.intro.lines() {
            let _ = writeln!(header, " *{}{line}", if line.is_empty() { "" } else { " " });
        }
        let _ = write!(header, " * {rule} */\n{part}");
    }
    header + TAIL
}

#[test]
fn header_is_fresh() {
    let path: &Path = &root().join("include/worldstate.h");
    let fresh = generate();
    if std::env::var_os("WORLDSTATE_WRITE_HEADER").is_some() {
        std::fs::write(path, fresh).expect("the header can be written");
        return;
    }
    let committed = std::fs::read_to_string(path).expect("include/worldstate.h is there");
    assert!(committed == fresh, "include/worldstate.h is stale: run `make header`");
}
