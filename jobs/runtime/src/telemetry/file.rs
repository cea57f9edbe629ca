//! Appends the spans of a run to a file, for use without a collector: OTLP as JSON, one object per line, the format of the collector's
//! `file` exporter. Both jobs of a day can use the same file.

use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::TracesData;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::export::ExportWarning;

#[derive(Debug)]
pub(super) struct TraceFile {
    path: PathBuf,
    resource: ResourceAttributesWithSchema,
    warning: Arc<ExportWarning>,
}

impl TraceFile {
    pub(super) fn new(path: &Path, warning: &Arc<ExportWarning>) -> Self {
        Self { path: path.to_owned(), resource: ResourceAttributesWithSchema::default(), warning: warning.clone() }
    }

    fn append(&self, batch: Vec<SpanData>) -> std::io::Result<()> {
        let data = TracesData { resource_spans: group_spans_by_resource_and_scope(batch, &self.resource) };
        let mut line = serde_json::to_vec(&data)?;
        line.push(b'\n');
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = std::fs::OpenOptions::new().create(true).append(true).read(true).open(&self.path)?;
        // A killed run may have left an incomplete line. Start a new line so that this one is readable.
        let length = file.metadata()?.len();
        let mut last = [b'\n'];
        if length > 0 {
            file.read_exact_at(&mut last, length - 1)?;
        }
        if last != *b"\n" {
            line.insert(0, b'\n');
        }
        // A single write, because another job may append at the same time.
        file.write_all(&line)
    }
}

impl SpanExporter for TraceFile {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.append(batch).map_err(|error| {
            self.warning.log(&format!("the trace file {} cannot be written ({error})", self.path.display()));
            OTelSdkError::InternalFailure(error.to_string())
        })
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}
