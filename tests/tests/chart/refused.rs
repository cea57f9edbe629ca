//! What the chart refuses: each file below `helm/cityflow/tests/wrong` is one mistake, and begins with what has to be said about it.

use acceptance::chart::Helm;

use crate::rendered::wrong_files;

#[test]
fn every_mistake_is_refused_by_its_name() {
    let Some(helm) = Helm::find() else { return };
    let files = wrong_files();
    assert!(files.len() >= 20, "only {} mistakes", files.len());
    let mut wrong = Vec::new();
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(path).unwrap();
        let Some(expected) = text.lines().next().and_then(|line| line.strip_prefix("# expects: ")) else {
            wrong.push(format!("{name} does not begin with `# expects: `"));
            continue;
        };
        match helm.try_template(&[path], &[]) {
            Ok(_) => wrong.push(format!("{name} is taken")),
            Err(said) if !said.contains(expected) => wrong.push(format!("{name}: `{expected}` is not in: {said}")),
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} mistakes are refused", files.len());
}
