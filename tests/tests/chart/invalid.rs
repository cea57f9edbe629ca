//! Values that the chart must reject: each file in `helm/cityflow/tests/invalid` has one mistake, and begins with the expected message.

use std::path::Path;

use acceptance::chart::{Helm, folder};

#[test]
fn invalid_values_are_rejected_with_their_name() {
    let Some(helm) = Helm::find() else { return };
    let mut files: Vec<_> =
        std::fs::read_dir(folder().join("tests/invalid")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension() == Some(Path::new("yaml").as_os_str()));
    files.sort();
    assert!(files.len() >= 20, "only {} files", files.len());
    let mut failures = Vec::new();
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(path).unwrap();
        let Some(expected) = text.lines().next().and_then(|line| line.strip_prefix("# expects: ")) else {
            failures.push(format!("{name} does not begin with `# expects: `"));
            continue;
        };
        match helm.try_template(&[path], &[]) {
            Ok(_) => failures.push(format!("{name} is accepted")),
            Err(error) if !error.contains(expected) => failures.push(format!("{name}: no `{expected}` in: {error}")),
            Err(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
