//! The schemas under `docs/schema/` are those of the types. `UPDATE_SCHEMA=1 cargo test -p contract` writes them anew.

use std::path::Path;

#[test]
fn committed_schemas_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    for (name, schema) in contract::schema::all() {
        let path = folder.join(name);
        let current = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &current).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == current, "{name} is not current: run `UPDATE_SCHEMA=1 cargo test -p contract`");
    }
}
