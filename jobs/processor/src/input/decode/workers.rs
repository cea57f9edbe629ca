//! The threads that decode independent parts of an object.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use bytes::Bytes;

use super::{Format, gz, zst};

/// Stored bytes that can be decoded independently.
pub(crate) struct Job {
    pub(crate) format: Format,
    pub(crate) stored: Bytes,
    /// Most bytes of the result.
    pub(crate) content: usize,
    /// Receives the result; the receiver may have been dropped.
    pub(crate) reply: mpsc::SyncSender<io::Result<Vec<u8>>>,
}

/// Threads that start with the first jobs and stop when this is dropped.
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

    /// Queues a job. The caller bounds the length of the queue.
    pub(crate) fn submit(&mut self, job: Job) -> io::Result<()> {
        if self.started < self.most {
            self.started += 1;
            let queue = self.queue.clone();
            std::thread::Builder::new().name(format!("decode-{}", self.started)).spawn(move || {
                loop {
                    // The lock is held only while waiting for a job, so that the next thread can wait while this one decodes.
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
        self.jobs.send(job).map_err(|_| io::Error::other("all decoding threads have stopped"))
    }
}
