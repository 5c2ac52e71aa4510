//! Where the real recordings are. They lie beside the project and never inside it, so they may be absent: a story that
//! needs one says so and passes.

use std::path::{Path, PathBuf};

/// The recording `name`, for example `frames/x.gz`: below `BACKSTOP_DATA`, else in `../shared/data` beside the project.
#[must_use]
pub fn recording(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("BACKSTOP_DATA").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("skipped: {} is not here; set BACKSTOP_DATA to the folder that holds {name}", path.display());
    None
}
