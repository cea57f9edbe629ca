//! The true answer: the expected document of every source and day.
use std::path::Path;
use runtime::failure::Failure;
use crate::{City, Config};
/// Writes.
pub fn write(_city: &City, _config: &Config, _folder: &Path) -> Result<(), Failure> { Ok(()) }
