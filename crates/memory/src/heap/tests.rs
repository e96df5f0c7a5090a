use proptest::prelude::*;
use rlsf::FlexTlsf;

use super::*;

const MARK: u8 = 0xA5;

/// A piece filled with the mark.
fn filled(heap: &mut Heap, size: usize) -> NonNull<u8> {
    let piece = heap.take(size).expect("memory");
    // SAFETY: the piece is of that size and ours.
    unsafe { piece.write_bytes(MARK, size) };
    piece
}

/// How many of the bytes there are the mark. The memory stays mapped when it is given back.
fn marks(piece: NonNull<u8>, size: usize) -> usize {
    (0..size)
        .filter(|at| {
            // SAFETY: within what was the piece, in a chunk that stays mapped.
            let byte = unsafe { piece.add(*at) };
            // SAFETY: bytes of a chunk are always initialised: the system maps zeros.
            unsafe { byte.read_volatile() == MARK }
        })
        .count()
}

#[test]
fn what_is_given_back_is_overwritten_to_its_last_byte() {
    let mut heap = Heap::new();
    for size in [1, 7, 8, 9, 63, 4_096, 4_103, 3 << 20] {
        let piece = filled(&mut heap, size);
        assert_eq!(marks(piece, size), size);
        // SAFETY: taken above, used by nobody else.
        unsafe { heap.give_back(piece) };
        assert_eq!(marks(piece, size), 0, "{size} bytes");
    }
}

#[test]
fn what_a_piece_that_grew_leaves_behind_is_overwritten() {
    let mut heap = Heap::new();
    let piece = filled(&mut heap, 1_001);
    // SAFETY: taken above, used by nobody else.
    let more = unsafe { heap.take_more(piece, 5_000) }.expect("memory");
    assert_ne!(piece, more);
    assert_eq!(marks(more, 1_001), 1_001);
    assert_eq!(marks(piece, 1_001), 0);
    // SAFETY: taken above, used by nobody else.
    let same = unsafe { heap.take_more(more, 17) }.expect("memory");
    assert_eq!(same, more);
}

#[test]
fn control_without_the_overwriting_it_stays_readable() {
    let chunks = Chunks {
        held: Held::default(),
    };
    let mut pieces: FlexTlsf<Chunks, u32, u32, 27, 32> = FlexTlsf::new(chunks);
    let layout = Layout::from_size_align(4_096, ALIGN).expect("a layout");
    let piece = pieces.allocate(layout).expect("memory");
    // SAFETY: the piece is of that size and ours.
    unsafe { piece.write_bytes(MARK, 4_096) };
    // SAFETY: taken above, used by nobody else.
    unsafe { pieces.deallocate(piece, ALIGN) };
    assert!(marks(piece, 4_096) > 4_000);
}

#[test]
fn what_nobody_can_give_is_refused_and_nothing_is_lost() {
    let mut heap = Heap::new();
    assert_eq!(heap.take(usize::MAX), None);
    assert_eq!(heap.take(usize::MAX / 2), None);
    let piece = filled(&mut heap, 10);
    // SAFETY: taken above; without an answer it stays ours.
    assert_eq!(unsafe { heap.take_more(piece, usize::MAX / 2) }, None);
    assert_eq!(marks(piece, 10), 10);
}

#[test]
fn what_was_given_back_is_used_again() {
    let mut heap = Heap::new();
    for _ in 0..10_000 {
        let piece = filled(&mut heap, 9_000);
        // SAFETY: taken above, used by nobody else.
        unsafe { heap.give_back(piece) };
    }
    assert_eq!(heap.held().bytes, CHUNK);
}

#[derive(Debug, Clone)]
enum Step {
    Take(usize),
    Give(usize),
    More(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![8 => 1..200_usize, 3 => 200..9_000_usize, 1 => 9_000..1_500_000_usize];
    let step = prop_oneof![
        4 => size.clone().prop_map(Step::Take),
        3 => any::<usize>().prop_map(Step::Give),
        2 => (any::<usize>(), size).prop_map(|(which, size)| Step::More(which, size)),
    ];
    prop::collection::vec(step, 1..200)
}

/// A piece, what it was asked for first, and what it was filled with then.
type Filled = (NonNull<u8>, usize, u8);

/// It is aligned, long enough and has its content still.
fn is_whole((piece, size, fill): Filled) -> bool {
    // SAFETY: taken from a heap and not given back.
    let long = unsafe { Heap::size_of(piece) };
    // SAFETY: as above, and filled when it was taken.
    let bytes = unsafe { std::slice::from_raw_parts(piece.as_ptr(), size) };
    long >= size && piece.as_ptr().addr() % ALIGN == 0 && bytes.iter().all(|byte| *byte == fill)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is taken, given back and grown: pieces are aligned, keep their size and content,
    /// and never reach into another one.
    #[test]
    fn pieces_keep_apart(steps in steps()) {
        let mut heap = Heap::new();
        let mut pieces: Vec<Filled> = Vec::new();
        for (turn, step) in steps.into_iter().enumerate() {
            let fill = u8::try_from(turn % 251).unwrap_or_default() + 1;
            match step {
                Step::Take(size) => {
                    let piece = heap.take(size).expect("memory");
                    // SAFETY: the piece is of that size and ours.
                    unsafe { piece.write_bytes(fill, size) };
                    pieces.push((piece, size, fill));
                }
                Step::Give(_) | Step::More(..) if pieces.is_empty() => {}
                Step::Give(which) => {
                    let piece = pieces.swap_remove(which % pieces.len());
                    prop_assert!(is_whole(piece));
                    // SAFETY: taken above, used by nobody else.
                    unsafe { heap.give_back(piece.0) };
                }
                Step::More(which, size) => {
                    let (piece, old, kept) = pieces.swap_remove(which % pieces.len());
                    // SAFETY: taken above, used by nobody else.
                    let more = unsafe { heap.take_more(piece, size) }.expect("memory");
                    pieces.push((more, old, kept));
                }
            }
        }
        for piece in pieces {
            prop_assert!(is_whole(piece));
        }
    }
}
