//! Only files are opened: a FIFO without another end blocks whoever opens it, and a device may never end.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Whether `path` may be opened or made: a file, also behind a link, or nothing yet.
///
/// # Errors
/// When something else stands there: what it is, and what to do.
pub fn regular(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            let what = what_it_is(found.file_type());
            Err(io::Error::other(format!(
                "{} is {what} and no file; move it away or give another name",
                path.display()
            )))
        }
        // Why it cannot be looked at is said by whoever opens it.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn what_it_is(kind: fs::FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_file_may_be_opened_or_made_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        for fine in ["file", "link", "dangling", "nothing"] {
            regular(&at(fine)).unwrap();
        }
        let _socket = UnixListener::bind(at("socket")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        for (name, what) in [("socket", "a socket"), ("zero", "a device"), ("", "a folder")] {
            let said = regular(&at(name)).unwrap_err().to_string();
            assert!(said.contains(what) && said.contains("move it away"), "{said}");
        }
    }
}
