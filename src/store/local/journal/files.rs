//! The open files of the segments: some hundreds at most, however many segments there are.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::local::disk::{Disk, DiskFile};

/// Files open at once. A store of 100 GiB has 1,600 segments, and a process is usually given
/// 1,024 descriptors, sockets included.
const OPEN_MAX: usize = 256;

/// Where one segment's open file is kept.
pub type Slot = Arc<Mutex<Option<Arc<dyn DiskFile>>>>;

/// The disk, and the files of it that are open.
pub struct Files {
    pub disk: Arc<dyn Disk>,
    /// In the order they were opened; the first is closed first.
    open: Mutex<VecDeque<Slot>>,
}

impl Files {
    pub fn new(disk: Arc<dyn Disk>) -> Arc<Files> {
        Arc::new(Files { disk, open: Mutex::default() })
    }

    /// A slot for a file that is open already.
    pub fn hold(&self, file: Arc<dyn DiskFile>) -> Slot {
        let slot = Slot::default();
        *lock(&slot) = Some(file);
        self.opened(&slot);
        slot
    }

    /// The slot's file, opened when it is not.
    pub fn file(&self, slot: &Slot, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = {
            let mut held = lock(slot);
            if let Some(file) = held.as_ref() {
                return Ok(file.clone());
            }
            let file: Arc<dyn DiskFile> = self.disk.open(name)?.into();
            *held = Some(file.clone());
            file
        };
        self.opened(slot);
        Ok(file)
    }

    /// A reader or writer that is at work keeps the file open by itself.
    fn opened(&self, slot: &Slot) {
        let closed = {
            let mut open = lock(&self.open);
            open.push_back(slot.clone());
            if open.len() > OPEN_MAX { open.pop_front() } else { None }
        };
        if let Some(closed) = closed {
            *lock(&closed) = None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
