//! The pieces, and the chunks they are cut from.
//!
//! Finding a free piece is left to TLSF (M. Masmano et al., ECRTS 2004) as `rlsf` has it: the same
//! few steps whatever the size and however much is in use.

use std::alloc::Layout;
use std::ptr::NonNull;

use rlsf::{FlexSource, FlexTlsf};
use zeroize::Zeroize as _;

/// What is asked of the system at once. Small, so that a limit on locked memory is used up to its
/// last mebibyte.
const CHUNK: usize = 1 << 20;

/// A piece's own size, noted in front of it.
const NOTE: usize = size_of::<usize>();

/// SQLite wants its memory aligned to eight bytes.
const ALIGN: usize = 8;

/// What is held, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// All of it, in use or not.
    pub bytes: usize,
    /// What of it the system keeps out of the swap: less where it limits that, see
    /// `RLIMIT_MEMLOCK` in getrlimit(2).
    pub locked: usize,
}

/// All pieces. None is ever given back to the system.
#[derive(Debug)]
pub(crate) struct Heap {
    pieces: FlexTlsf<Chunks, u32, u32, 27, 32>,
}

impl Heap {
    pub(crate) const fn new() -> Self {
        let chunks = Chunks {
            held: Held {
                bytes: 0,
                locked: 0,
            },
        };
        Self {
            pieces: FlexTlsf::new(chunks),
        }
    }

    pub(crate) fn held(&self) -> Held {
        self.pieces.source_ref().held
    }

    /// A piece of so many bytes, whatever they are. `None` where the system has no more.
    pub(crate) fn take(&mut self, size: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(size.checked_add(NOTE)?, ALIGN).ok()?;
        let start = self.pieces.allocate(layout)?;
        // SAFETY: the piece begins with room for the note, aligned as a number has to be.
        unsafe { start.cast::<usize>().write(size) };
        // SAFETY: the piece goes on for `size` bytes after the note.
        Some(unsafe { start.add(NOTE) })
    }

    /// The size it was asked for.
    ///
    /// # Safety
    /// The piece was taken from a heap and not given back.
    pub(crate) unsafe fn size_of(piece: NonNull<u8>) -> usize {
        // SAFETY: in front of each piece lies its note.
        let note = unsafe { piece.sub(NOTE) };
        // SAFETY: it was written when the piece was taken.
        unsafe { note.cast::<usize>().read() }
    }

    /// Overwrites the piece and keeps it for others.
    ///
    /// # Safety
    /// The piece was taken from this heap, and nobody uses it any more.
    pub(crate) unsafe fn give_back(&mut self, piece: NonNull<u8>) {
        // SAFETY: as asked of the caller.
        let size = unsafe { Self::size_of(piece) };
        // SAFETY: the piece is of that size and nobody else's; eight bytes at a time would reach
        // past its end, so the rest is wiped by itself.
        let (words, rest) = unsafe { halves(piece, size) };
        words.zeroize();
        rest.zeroize();
        // SAFETY: the piece begins with its note.
        let start = unsafe { piece.sub(NOTE) };
        // SAFETY: as asked of the caller; `ALIGN` is what it was taken with.
        unsafe { self.pieces.deallocate(start, ALIGN) };
    }

    /// A piece of at least so many bytes that begins with the other one's content, which is given
    /// back. `None`, and the piece stays as it is, where the system has no more.
    ///
    /// # Safety
    /// As for [`Heap::give_back`], if there is an answer.
    pub(crate) unsafe fn take_more(
        &mut self,
        piece: NonNull<u8>,
        size: usize,
    ) -> Option<NonNull<u8>> {
        // SAFETY: as asked of the caller.
        let old = unsafe { Self::size_of(piece) };
        if size <= old {
            return Some(piece);
        }
        // Not grown where it lies: rlsf might move it and would not overwrite what it leaves.
        let more = self.take(size)?;
        // SAFETY: two pieces, both of at least `old` bytes.
        unsafe { more.copy_from_nonoverlapping(piece, old) };
        // SAFETY: as asked of the caller.
        unsafe { self.give_back(piece) };
        Some(more)
    }
}

/// A piece's bytes in words, which are overwritten faster, and what is left over.
///
/// # Safety
/// The piece is of that size, aligned to [`ALIGN`], and nobody else's.
unsafe fn halves<'a>(piece: NonNull<u8>, size: usize) -> (&'a mut [u64], &'a mut [u8]) {
    let words = size / size_of::<u64>();
    // SAFETY: as asked of the caller; any bytes are a number.
    let front = unsafe { std::slice::from_raw_parts_mut(piece.cast::<u64>().as_ptr(), words) };
    let wiped = words * size_of::<u64>();
    // SAFETY: within the piece.
    let rest = unsafe { piece.add(wiped) };
    // SAFETY: as asked of the caller, and after the words.
    let rest = unsafe { std::slice::from_raw_parts_mut(rest.as_ptr(), size - wiped) };
    (front, rest)
}

/// Asks the system for chunks and keeps them out of the swap.
#[derive(Debug)]
struct Chunks {
    held: Held,
}

// SAFETY: each chunk is new memory, mapped until the program ends.
unsafe impl FlexSource for Chunks {
    unsafe fn alloc(&mut self, least: usize) -> Option<NonNull<[u8]>> {
        let size = least.checked_next_multiple_of(CHUNK)?;
        let mut chunk = region::alloc(size, region::Protection::READ_WRITE).ok()?;
        let memory = NonNull::slice_from_raw_parts(NonNull::new(chunk.as_mut_ptr())?, chunk.len());
        self.held.bytes += chunk.len();
        // Beyond what the system allows the rest is held unlocked.
        if let Ok(lock) = region::lock(chunk.as_ptr::<u8>(), chunk.len()) {
            self.held.locked += chunk.len();
            std::mem::forget(lock);
        }
        std::mem::forget(chunk);
        Some(memory)
    }

    fn min_align(&self) -> usize {
        // A page of memory.
        4096
    }
}

#[cfg(test)]
mod tests;
