//! A file that appears under its name only when it is complete.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::failure::Failure;

/// A file in a folder that can be written to.
pub(crate) struct Output {
    path: PathBuf,
    /// The path that is written before the file is renamed.
    partial: PathBuf,
}

impl Output {
    /// Checks that the folder can be written to, and leaves nothing there.
    pub(crate) fn create(folder: &Path, name: &str) -> Result<Self, Failure> {
        let path = folder.join(name);
        let partial = folder.join(format!(".{name}.{}", std::process::id()));
        if path.is_dir() {
            return Err(Failure::Usage(format!("{} is a folder", path.display())));
        }
        fs::write(&partial, "")
            .and_then(|()| fs::remove_file(&partial))
            .map_err(|error| Failure::Usage(format!("cannot write to the folder {}: {error}", folder.display())))?;
        Ok(Output { path, partial })
    }

    /// Writes the file and returns its path.
    pub(crate) fn finish(self, text: &str) -> Result<PathBuf, Failure> {
        let written: io::Result<()> =
            fs::write(&self.partial, text).and_then(|()| fs::rename(&self.partial, &self.path));
        if let Err(error) = written {
            // The file may not even exist, and the first error matters more.
            let _ = fs::remove_file(&self.partial);
            return Err(Failure::Usage(format!("cannot write {}: {error}", self.path.display())));
        }
        Ok(self.path)
    }
}
