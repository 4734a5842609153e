//! A buffer with two owners: a writer fills it, and another takes its content piece by piece.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// A buffer that a writer borrows while others take its content piece by piece.
#[derive(Clone, Default)]
pub(in crate::commands) struct SharedBuffer(Rc<RefCell<Vec<u8>>>);

impl SharedBuffer {
    /// Passes the content to `take` and empties the buffer.
    pub(in crate::commands) fn drain<T>(&self, take: impl FnOnce(&[u8]) -> T) -> T {
        let mut buffer = self.0.borrow_mut();
        let outcome = take(&buffer);
        buffer.clear();
        outcome
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
