//! The threads that decode what can be decoded by itself.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use bytes::Bytes;

use super::{Format, gz, zst};

/// Stored bytes that can be decoded by themselves.
pub(crate) struct Job {
    pub(crate) format: Format,
    pub(crate) stored: Bytes,
    /// How many bytes come out, at most.
    pub(crate) content: usize,
    /// Where the result goes; whoever waits for it may have gone.
    pub(crate) reply: mpsc::SyncSender<io::Result<Vec<u8>>>,
}

/// A few threads, started with the first jobs. They end when this is dropped.
pub(crate) struct Workers {
    most: usize,
    started: usize,
    jobs: mpsc::Sender<Job>,
    queue: Arc<Mutex<mpsc::Receiver<Job>>>,
}

impl Workers {
    pub(crate) fn new(most: usize) -> Self {
        let (jobs, queue) = mpsc::channel();
        Self { most, started: 0, jobs, queue: Arc::new(Mutex::new(queue)) }
    }

    /// Puts a job into the queue, whose length is for others to bound.
    pub(crate) fn give(&mut self, job: Job) -> io::Result<()> {
        if self.started < self.most {
            self.started += 1;
            let queue = self.queue.clone();
            std::thread::Builder::new().name(format!("decode-{}", self.started)).spawn(move || {
                loop {
                    // Held while waiting, not while working: the thread that gets a job leaves the door to the next one.
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = next else { return };
                    let decoded = match job.format {
                        Format::Gz => gz::members(&job.stored, job.content),
                        Format::Zst => zst::frame(&job.stored, job.content),
                    };
                    let _ = job.reply.send(decoded);
                }
            })?;
        }
        self.jobs.send(job).map_err(|_| io::Error::other("no thread decodes any more"))
    }
}
