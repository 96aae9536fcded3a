//! A file that appears under its name only when it is complete.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file to be written: so far an empty one under another name in the same folder,
/// which proves that writing will succeed and vanishes when it does not come to that.
pub(crate) struct Output {
    partial: PathBuf,
    path: PathBuf,
}

impl Output {
    pub(crate) fn create(folder: &Path, name: &str) -> Result<Self, Failure> {
        let path = folder.join(name);
        let partial = folder.join(format!(".{name}.{}", std::process::id()));
        if path.is_dir() {
            return Err(Failure::Usage(format!("{} is a folder", path.display())));
        }
        fs::File::create(&partial)
            .map_err(|error| Failure::Usage(format!("cannot write to the folder {}: {error}", folder.display())))?;
        Ok(Output { partial, path })
    }

    /// Writes the file and returns where it is.
    pub(crate) fn finish(self, text: &str) -> Result<PathBuf, Failure> {
        fs::write(&self.partial, text)
            .and_then(|()| fs::rename(&self.partial, &self.path))
            .map_err(|error| Failure::Usage(format!("cannot write {}: {error}", self.path.display())))?;
        Ok(self.path.clone())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After a rename it is gone already.
        let _ = fs::remove_file(&self.partial);
    }
}
