//! Where the raw files are written: a local folder, streamed, or an object store, one whole object at a time.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::write::GzEncoder;
use runtime::failure::{Code, Failure};
use runtime::location::{Access, Location};
use runtime::store::{Condition, SharedStore, StoreError};
use tokio::runtime::Runtime;

/// Compression of the files of road counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Compression {
    /// No compression.
    #[default]
    None,
    /// gzip, `.gz`.
    Gz,
    /// Zstandard, `.zst`.
    Zst,
}

impl Compression {
    /// The suffix of a file name.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gz => ".gz",
            Self::Zst => ".zst",
        }
    }
}

/// The output location, with totals of the files and bytes written.
#[derive(Debug)]
pub struct Output {
    destination: Destination,
    files: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Debug)]
enum Destination {
    Folder(PathBuf),
    /// With its own runtime, so that a caller that writes to a folder does not need one.
    Store {
        store: SharedStore,
        runtime: Runtime,
    },
}

impl Output {
    /// Opens the location and creates a local folder if necessary.
    ///
    /// With a store this call and all others block: do not call them on a thread of an asynchronous runtime.
    ///
    /// # Errors
    /// The store or the file system rejects the request.
    pub fn open(location: &Location, path_style: bool) -> Result<Self, Failure> {
        let destination = match location {
            Location::Local(path) => {
                fs::create_dir_all(path).map_err(|error| file_failure(path, &error))?;
                Destination::Folder(path.clone())
            }
            Location::S3 { .. } => {
                let runtime = Runtime::new().map_err(|error| {
                    Failure::new(
                        Code::Unavailable,
                        error.to_string(),
                        "",
                        "Raise the limit of threads, then start again",
                    )
                })?;
                let store = runtime.block_on(location.open(path_style, Access::Write))?;
                Destination::Store { store, runtime }
            }
        };
        Ok(Self { destination, files: AtomicU64::new(0), bytes: AtomicU64::new(0) })
    }

    /// Whether any file exists under a prefix such as `batch/`.
    ///
    /// # Errors
    /// The store or the file system rejects the request.
    pub fn has(&self, prefix: &str) -> Result<bool, Failure> {
        match &self.destination {
            Destination::Folder(root) => {
                Ok(root.join(prefix).read_dir().is_ok_and(|mut entries| entries.next().is_some()))
            }
            Destination::Store { store, runtime } => runtime
                .block_on(store.list(prefix))
                .map(|objects| !objects.is_empty())
                .map_err(|error| store_failure(&error)),
        }
    }

    /// Files and bytes written so far.
    #[must_use]
    pub fn written(&self) -> (u64, u64) {
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// Writes a small file in one call.
    ///
    /// # Errors
    /// The store or the file system rejects the request.
    pub fn put(&self, key: &str, body: &[u8]) -> Result<(), Failure> {
        self.put_with(key, body, Compression::None)
    }

    /// Writes a small file in one call, compressed with gzip.
    ///
    /// # Errors
    /// The store or the file system rejects the request.
    pub fn put_gz(&self, key: &str, body: &[u8]) -> Result<(), Failure> {
        self.put_with(key, body, Compression::Gz)
    }

    fn put_with(&self, key: &str, body: &[u8], compression: Compression) -> Result<(), Failure> {
        let mut file = self.create(key, compression)?;
        file.write(body)?;
        file.finish()
    }

    /// Starts a file. It becomes visible when it is finished; for a store it is kept in memory until then.
    ///
    /// # Errors
    /// The file system rejects the request.
    pub fn create(&self, key: &str, compression: Compression) -> Result<OutputFile<'_>, Failure> {
        let target = match &self.destination {
            Destination::Folder(root) => {
                let path = root.join(key);
                let folder = path.parent().unwrap_or(root);
                fs::create_dir_all(folder).map_err(|error| file_failure(folder, &error))?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let unfinished = folder.join(format!(".{name}.part"));
                let file = File::create(&unfinished).map_err(|error| file_failure(&unfinished, &error))?;
                Target::File { file: BufWriter::with_capacity(1 << 16, file), unfinished, path, bytes: 0 }
            }
            Destination::Store { .. } => Target::Memory(Vec::new()),
        };
        let encoder = match compression {
            Compression::None => Encoder::None(target),
            Compression::Gz => Encoder::Gz(GzEncoder::new(target, flate2::Compression::fast())),
            Compression::Zst => {
                Encoder::Zst(zstd::Encoder::new(target, 1).map_err(|error| file_failure(Path::new(key), &error))?)
            }
        };
        Ok(OutputFile { output: self, key: key.to_owned(), encoder })
    }
}

#[derive(Debug)]
pub struct OutputFile<'a> {
    output: &'a Output,
    key: String,
    encoder: Encoder,
}

enum Encoder {
    None(Target),
    Gz(GzEncoder<Target>),
    Zst(zstd::Encoder<'static, Target>),
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encoder")
    }
}

enum Target {
    File { file: BufWriter<File>, unfinished: PathBuf, path: PathBuf, bytes: u64 },
    Memory(Vec<u8>),
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, part: &[u8]) -> io::Result<()> {
        match self {
            Self::File { file, bytes, .. } => {
                *bytes += part.len() as u64;
                file.write_all(part)
            }
            Self::Memory(all) => {
                all.extend_from_slice(part);
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl OutputFile<'_> {
    /// # Errors
    /// The file system rejects the request.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let done = match &mut self.encoder {
            Encoder::None(target) => target.write_all(bytes),
            Encoder::Gz(encoder) => encoder.write_all(bytes),
            Encoder::Zst(encoder) => encoder.write_all(bytes),
        };
        done.map_err(|error| file_failure(Path::new(&self.key), &error))
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// The store or the file system rejects the request.
    pub fn finish(self) -> Result<(), Failure> {
        let target = match self.encoder {
            Encoder::None(target) => Ok(target),
            Encoder::Gz(encoder) => encoder.finish(),
            Encoder::Zst(encoder) => encoder.finish(),
        };
        let target = target.map_err(|error| file_failure(Path::new(&self.key), &error))?;
        let bytes = match target {
            Target::File { mut file, unfinished, path, bytes } => {
                file.flush()
                    .and_then(|()| fs::rename(&unfinished, &path))
                    .map_err(|error| file_failure(&path, &error))?;
                bytes
            }
            Target::Memory(all) => {
                let bytes = all.len() as u64;
                if let Destination::Store { store, runtime } = &self.output.destination {
                    let put = store.put(&self.key, Bytes::from(all), Condition::Always);
                    runtime.block_on(put).map_err(|error| store_failure(&error))?;
                }
                bytes
            }
        };
        self.output.files.fetch_add(1, Ordering::Relaxed);
        self.output.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

fn file_failure(path: &Path, error: &io::Error) -> Failure {
    let code = if error.kind() == io::ErrorKind::StorageFull { Code::Unavailable } else { Code::Usage };
    Failure::new(
        code,
        format!("cannot write the file ({error})"),
        path.display().to_string(),
        "Free disk space, or choose another --out",
    )
}

fn store_failure(error: &StoreError) -> Failure {
    let code = match error {
        StoreError::Unreachable { .. }
        | StoreError::Untrusted { .. }
        | StoreError::Full { .. }
        | StoreError::Conflict { .. } => Code::Unavailable,
        _ => Code::Usage,
    };
    Failure::new(code, error.to_string(), "", "Check the address, the credentials and the permissions of --out")
}
