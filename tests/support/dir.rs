//! A directory of a test's own, gone with it.

use std::path::PathBuf;

pub struct Dir(pub PathBuf);

impl Dir {
    /// `name` tells the directories of one test program apart.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("worldstate-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
