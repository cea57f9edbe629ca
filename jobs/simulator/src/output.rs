//! Where files go: a local folder, streamed, or a store, one whole object at a time.

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

/// How files of counts are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, `.gz`.
    Gz,
    /// Zstandard, `.zst`.
    Zst,
}

impl Compression {
    /// What it adds to a file's name.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gz => ".gz",
            Self::Zst => ".zst",
        }
    }
}

/// A place for files.
#[derive(Debug)]
pub struct Output {
    place: Place,
    files: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    /// With a runtime of its own, so that a caller without a store needs none.
    Store {
        store: SharedStore,
        runtime: Runtime,
    },
}

impl Output {
    /// Opens the location; a local folder is made. For a store this blocks, as all its calls do: not to be called on a thread of an
    /// asynchronous runtime.
    ///
    /// # Errors
    /// What the store says.
    pub fn open(location: &Location, path_style: bool) -> Result<Self, Failure> {
        let place = match location {
            Location::Local(path) => {
                fs::create_dir_all(path).map_err(|error| failed(path, &error))?;
                Place::Folder(path.clone())
            }
            Location::S3 { .. } => {
                let runtime = Runtime::new().map_err(|error| {
                    Failure::new(Code::Unavailable, error.to_string(), "", "Allow more threads, and start again")
                })?;
                let store = runtime.block_on(location.open(path_style, Access::Write))?;
                Place::Store { store, runtime }
            }
        };
        Ok(Self { place, files: AtomicU64::new(0), bytes: AtomicU64::new(0) })
    }

    /// Whether there is anything under a prefix, such as `batch/`.
    ///
    /// # Errors
    /// What the store says.
    pub fn has(&self, prefix: &str) -> Result<bool, Failure> {
        match &self.place {
            Place::Folder(root) => Ok(root.join(prefix).read_dir().is_ok_and(|mut entries| entries.next().is_some())),
            Place::Store { store, runtime } => {
                runtime.block_on(store.list(prefix)).map(|objects| !objects.is_empty()).map_err(|error| refused(&error))
            }
        }
    }

    /// Files and bytes written so far.
    #[must_use]
    pub fn written(&self) -> (u64, u64) {
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// Writes a whole small file.
    ///
    /// # Errors
    /// What the store says.
    pub fn put(&self, key: &str, body: &[u8]) -> Result<(), Failure> {
        let mut file = self.create(key, Compression::None)?;
        file.write(body)?;
        file.finish()
    }

    /// Writes a whole small file, compressed.
    ///
    /// # Errors
    /// What the store says.
    pub fn put_gz(&self, key: &str, body: &[u8]) -> Result<(), Failure> {
        let mut file = self.create(key, Compression::Gz)?;
        file.write(body)?;
        file.finish()
    }

    /// Begins a file; it appears when it is finished. In a store it is kept in memory until then.
    ///
    /// # Errors
    /// What the file system says.
    pub fn create(&self, key: &str, compression: Compression) -> Result<OutputFile<'_>, Failure> {
        let target = match &self.place {
            Place::Folder(root) => {
                let path = root.join(key);
                let folder = path.parent().unwrap_or(root);
                fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let unfinished = folder.join(format!(".{name}.part"));
                let file = File::create(&unfinished).map_err(|error| failed(&unfinished, &error))?;
                Target::File { file: BufWriter::with_capacity(1 << 16, file), unfinished, path, bytes: 0 }
            }
            Place::Store { .. } => Target::Memory(Vec::new()),
        };
        let encoder = match compression {
            Compression::None => Encoder::None(target),
            Compression::Gz => Encoder::Gz(GzEncoder::new(target, flate2::Compression::fast())),
            Compression::Zst => {
                Encoder::Zst(zstd::Encoder::new(target, 1).map_err(|error| failed(Path::new(key), &error))?)
            }
        };
        Ok(OutputFile { output: self, key: key.to_owned(), encoder })
    }
}

/// A file that is being written.
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
    /// Adds bytes.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let done = match &mut self.encoder {
            Encoder::None(target) => target.write_all(bytes),
            Encoder::Gz(encoder) => encoder.write_all(bytes),
            Encoder::Zst(encoder) => encoder.write_all(bytes),
        };
        done.map_err(|error| failed(Path::new(&self.key), &error))
    }

    /// Completes the file; only now it has its name.
    ///
    /// # Errors
    /// What the store says.
    pub fn finish(self) -> Result<(), Failure> {
        let target = match self.encoder {
            Encoder::None(target) => Ok(target),
            Encoder::Gz(encoder) => encoder.finish(),
            Encoder::Zst(encoder) => encoder.finish(),
        };
        let target = target.map_err(|error| failed(Path::new(&self.key), &error))?;
        let bytes = match target {
            Target::File { mut file, unfinished, path, bytes } => {
                file.flush().and_then(|()| fs::rename(&unfinished, &path)).map_err(|error| failed(&path, &error))?;
                bytes
            }
            Target::Memory(all) => {
                let bytes = all.len() as u64;
                if let Place::Store { store, runtime } = &self.output.place {
                    let put = store.put(&self.key, Bytes::from(all), Condition::Always);
                    runtime.block_on(put).map_err(|error| refused(&error))?;
                }
                bytes
            }
        };
        self.output.files.fetch_add(1, Ordering::Relaxed);
        self.output.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let code = if error.kind() == io::ErrorKind::StorageFull { Code::Unavailable } else { Code::Usage };
    Failure::new(
        code,
        format!("cannot write ({error})"),
        path.display().to_string(),
        "Free space, or write elsewhere with --out",
    )
}

fn refused(error: &StoreError) -> Failure {
    let code = match error {
        StoreError::Unreachable { .. } | StoreError::Full { .. } | StoreError::Conflict { .. } => Code::Unavailable,
        _ => Code::Usage,
    };
    Failure::new(code, error.to_string(), "", "Check the address, the credentials and the rights of --out")
}
