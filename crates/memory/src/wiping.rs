//! An allocator that overwrites what is given back, for a program through which pass words that it
//! must not keep: whichever buffer of whichever crate they were in, nobody has to remember it.
//!
//! It does not lock memory, and what is still in use it cannot know to be stale.

use std::alloc::{GlobalAlloc, Layout};

/// Memory from another allocator, overwritten before that gets it back; what grows is moved, and
/// overwritten where it was.
#[derive(Debug)]
pub struct Wiping<A>(pub A);

// SAFETY: every call goes on to the other allocator as it came, and what is given back is still ours
// while it is overwritten. Growing is left to the trait's own way: take, copy, give back.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Wiping<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as asked of the caller.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as asked of the caller.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        // SAFETY: the piece is of that size, and nobody uses it any more.
        unsafe { piece.write_bytes(0, layout.size()) };
        // SAFETY: just written to its last byte.
        let wiped = unsafe { std::slice::from_raw_parts(piece, layout.size()) };
        // The compiler may leave out what is written and never read before memory is freed.
        zeroize::optimization_barrier(wiped);
        // SAFETY: as asked of the caller.
        unsafe { self.0.dealloc(piece, layout) }
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::System;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const MARK: u8 = 0xA5;

    /// Counts the marks in what it is given back, while it may still look at it.
    #[derive(Debug, Default)]
    struct Looking {
        pieces: AtomicUsize,
        marks: AtomicUsize,
    }

    // SAFETY: every call goes on to the system's allocator as it came.
    unsafe impl GlobalAlloc for Looking {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as asked of the caller.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
            // SAFETY: the tests write to each of their pieces before they give it back.
            let bytes = unsafe { std::slice::from_raw_parts(piece, layout.size()) };
            let marks = bytes.iter().filter(|byte| **byte == MARK).count();
            self.marks.fetch_add(marks, Ordering::Relaxed);
            self.pieces.fetch_add(1, Ordering::Relaxed);
            // SAFETY: as asked of the caller.
            unsafe { System.dealloc(piece, layout) }
        }
    }

    fn of(size: usize) -> Layout {
        Layout::from_size_align(size, 8).expect("a layout")
    }

    fn filled(allocator: &impl GlobalAlloc, size: usize) -> *mut u8 {
        // SAFETY: the size is not zero.
        let piece = unsafe { allocator.alloc(of(size)) };
        assert!(!piece.is_null());
        // SAFETY: the piece is of that size and ours.
        unsafe { piece.write_bytes(MARK, size) };
        piece
    }

    const SIZES: [usize; 7] = [1, 7, 8, 63, 4_096, 4_103, 3 << 20];

    #[test]
    fn what_is_given_back_is_overwritten_to_its_last_byte() {
        let wiping = Wiping(Looking::default());
        for size in SIZES {
            let piece = filled(&wiping, size);
            // SAFETY: taken above, used by nobody else.
            unsafe { wiping.dealloc(piece, of(size)) };
        }
        assert_eq!(wiping.0.pieces.into_inner(), SIZES.len());
        assert_eq!(wiping.0.marks.into_inner(), 0);
    }

    #[test]
    fn what_a_piece_that_grew_or_shrank_leaves_behind_is_overwritten() {
        let wiping = Wiping(Looking::default());
        for (from, to) in [(100, 5_000), (5_000, 100), (5_000, 3 << 20)] {
            let piece = filled(&wiping, from);
            // SAFETY: taken above, used by nobody else.
            let moved = unsafe { wiping.realloc(piece, of(from), to) };
            // SAFETY: both are at least that long.
            let kept = unsafe { std::slice::from_raw_parts(moved, from.min(to)) };
            assert!(kept.iter().all(|byte| *byte == MARK));
            // SAFETY: of that size, and ours.
            unsafe { moved.write_bytes(0, to) };
            // SAFETY: taken above, used by nobody else.
            unsafe { wiping.dealloc(moved, of(to)) };
        }
        assert_eq!(wiping.0.pieces.into_inner(), 6);
        assert_eq!(wiping.0.marks.into_inner(), 0);
    }

    #[test]
    fn control_without_the_overwriting_the_same_look_finds_it() {
        let looking = Looking::default();
        for size in SIZES {
            let piece = filled(&looking, size);
            // SAFETY: taken above, used by nobody else.
            unsafe { looking.dealloc(piece, of(size)) };
        }
        assert_eq!(looking.marks.into_inner(), SIZES.iter().sum());
    }
}
