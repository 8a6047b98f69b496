//! Names the shared library: a program linked with it asks the loader for `libworldstate.so.0`, never for a development file.

use std::{env, error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let major = env::var("CARGO_PKG_VERSION_MAJOR")?;
    match env::var("CARGO_CFG_TARGET_OS")?.as_str() {
        "linux" => {
            let soname = format!("libworldstate.so.{major}");
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{soname}");
            link_beside_library("libworldstate.so", &soname)
        }
        "macos" => {
            let name = format!("libworldstate.{major}.dylib");
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/{name}");
            link_beside_library("libworldstate.dylib", &name)
        }
        _ => Ok(()),
    }
}

/// Puts the name that the loader asks for beside the library that cargo builds: programs run from the build directory as they do once installed.
#[cfg(unix)]
fn link_beside_library(library: &str, name: &str) -> Result<(), Box<dyn Error>> {
    // OUT_DIR is <profile directory>/build/<package>-<hash>/out.
    let out = env::var("OUT_DIR")?;
    let profile = Path::new(&out).ancestors().nth(3).ok_or("OUT_DIR has no profile directory above it")?;
    let link = profile.join(name);
    if std::fs::read_link(&link).is_ok_and(|target| target == Path::new(library)) {
        return Ok(());
    }
    // Another build in the same directory may have made it meanwhile.
    match std::os::unix::fs::symlink(library, &link) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn link_beside_library(_library: &str, _name: &str) -> Result<(), Box<dyn Error>> {
    Ok(())
}
