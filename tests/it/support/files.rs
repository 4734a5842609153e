//! Searches the bytes of files.

use std::path::Path;

/// Names and contents of the files in a directory. Invalid UTF-8 is replaced, ASCII is kept.
pub(crate) fn contents(directory: &Path) -> Vec<(String, String)> {
    let files = std::fs::read_dir(directory).expect("a directory").map(|file| file.expect("a file"));
    let text = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).expect("readable")).into_owned();
    files.map(|file| (file.file_name().display().to_string(), text(&file.path()))).collect()
}

/// Names of the files in a directory that contain the text.
pub(crate) fn files_with(directory: &Path, text: &str) -> Vec<String> {
    let files = contents(directory).into_iter();
    files.filter(|(_, content)| content.contains(text)).map(|(name, _)| name).collect()
}
