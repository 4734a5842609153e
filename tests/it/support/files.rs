//! Searching the bytes of files.

use std::path::Path;

/// The names of the directory's files and what is in them, as text in which ASCII is as it was.
pub(crate) fn contents(directory: &Path) -> Vec<(String, String)> {
    let files = std::fs::read_dir(directory).expect("a directory").map(|file| file.expect("a file"));
    let text = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).expect("readable")).into_owned();
    files.map(|file| (file.file_name().display().to_string(), text(&file.path()))).collect()
}

/// Which of the directory's files hold the text.
pub(crate) fn files_with(directory: &Path, text: &str) -> Vec<String> {
    let files = contents(directory).into_iter();
    files.filter(|(_, content)| content.contains(text)).map(|(name, _)| name).collect()
}
