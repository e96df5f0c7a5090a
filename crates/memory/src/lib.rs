//! Memory for SQLite that stays out of the swap and is overwritten when it is given back.
//!
//! SQLCipher can do that itself (`cipher_memory_security`), piece by piece: two system calls for
//! each, and what shares a page of memory with a piece that is given back loses the lock too. Here
//! whole chunks are locked once and never unlocked, and the pieces are cut from them.
//!
//! And, apart from that, memory for a whole program that is overwritten when it is given back, for the
//! relay ([`Wiping`]).
//!
//! The one crate with `unsafe`: SQLite's memory methods are C, what they hand out is raw memory, and
//! so is what an allocator does.

mod heap;
mod wiping;

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use heap::Heap;
pub use heap::Held;
use rusqlite::ffi;
pub use wiping::Wiping;

static HEAP: Mutex<Heap> = Mutex::new(Heap::new());

/// SQLite's memory comes from here from now on. `false` if it was in use before, and so keeps the
/// memory it has: then `PRAGMA cipher_memory_security = ON` is what remains.
///
/// To be called before SQLite's first use, and not while another thread begins with it.
#[must_use]
pub fn install() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| {
        let methods = METHODS;
        // SAFETY: SQLite copies the methods, which hold what it asks of them; where it is in use
        // already it refuses.
        let answer = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods) };
        answer == ffi::SQLITE_OK
    })
}

/// What is held for SQLite, in bytes.
#[must_use]
pub fn held() -> Held {
    heap().held()
}

fn heap() -> MutexGuard<'static, Heap> {
    HEAP.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As <https://sqlite.org/c3ref/mem_methods.html> asks for them. SQLite never calls `xFree`,
/// `xSize` and `xRealloc` with anything but what `xMalloc` or `xRealloc` gave.
const METHODS: ffi::sqlite3_mem_methods = ffi::sqlite3_mem_methods {
    xMalloc: Some(take),
    xFree: Some(give_back),
    xRealloc: Some(take_more),
    xSize: Some(size),
    xRoundup: Some(round_up),
    xInit: Some(begin),
    xShutdown: Some(end),
    pAppData: null_mut(),
};

unsafe extern "C" fn take(size: c_int) -> *mut c_void {
    let Ok(size) = usize::try_from(size) else {
        return null_mut();
    };
    heap()
        .take(size)
        .map_or(null_mut(), |piece| piece.as_ptr().cast())
}

unsafe extern "C" fn give_back(piece: *mut c_void) {
    if let Some(piece) = NonNull::new(piece.cast()) {
        // SAFETY: SQLite gives back what it got, once.
        unsafe { heap().give_back(piece) }
    }
}

unsafe extern "C" fn take_more(piece: *mut c_void, size: c_int) -> *mut c_void {
    let (Some(piece), Ok(size)) = (NonNull::new(piece.cast()), usize::try_from(size)) else {
        return null_mut();
    };
    // SAFETY: SQLite hands over what it got, and no longer uses it if there is an answer.
    let more = unsafe { heap().take_more(piece, size) };
    more.map_or(null_mut(), |piece| piece.as_ptr().cast())
}

unsafe extern "C" fn size(piece: *mut c_void) -> c_int {
    let size = NonNull::new(piece.cast()).map_or(0, |piece| {
        // SAFETY: SQLite asks about what it holds.
        unsafe { Heap::size_of(piece) }
    });
    c_int::try_from(size).unwrap_or(c_int::MAX)
}

unsafe extern "C" fn round_up(size: c_int) -> c_int {
    // Near the end of the range nothing is rounded: SQLite asks for no such pieces.
    size.checked_add(7).map_or(size, |more| more & !7)
}

unsafe extern "C" fn begin(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn end(_: *mut c_void) {}
