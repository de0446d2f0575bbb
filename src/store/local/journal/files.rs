//! The segments' open files, of which there are a few hundred at most, however many segments there
//! are.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::local::disk::{Disk, DiskFile};

/// The most files that are open at the same time. A store of 100 GiB has 1,600 segments, and a
/// process usually has 1,024 descriptors, including those of its sockets.
const OPEN_MAX: usize = 256;

/// The place for one segment's open file.
pub type Slot = Arc<Mutex<Option<Arc<dyn DiskFile>>>>;

/// The disk, and its open files.
pub struct Files {
    pub disk: Arc<dyn Disk>,
    /// Open files in the order in which they were opened; the first is closed first.
    open: Mutex<VecDeque<Slot>>,
}

impl Files {
    pub fn new(disk: Arc<dyn Disk>) -> Arc<Files> {
        Arc::new(Files { disk, open: Mutex::default() })
    }

    /// Returns a slot for a file that is already open.
    pub fn hold(&self, file: Arc<dyn DiskFile>) -> Slot {
        let slot = Slot::default();
        *lock(&slot) = Some(file);
        self.opened(&slot);
        slot
    }

    /// Returns the slot's file, and opens it if necessary.
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

    /// Closes a slot's file, which was removed: the medium keeps a removed file as long as it is
    /// open.
    pub fn close(&self, slot: &Slot) {
        lock(&self.open).retain(|open| !Arc::ptr_eq(open, slot));
        *lock(slot) = None;
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
