//! Wipes what calls leave on a thread's stack. The allocator wipes what is freed on the heap.

/// Overwrites the part of this thread's stack below the caller, where calls that have returned
/// left their data. Freed heap memory is wiped by the allocator; this wipes the rest. It takes a
/// few microseconds.
#[inline(never)]
pub fn wipe_stack() {
    const OCTETS: usize = 192 * 1024;
    let mut below = [0u8; OCTETS];
    // Keeps the compiler from removing the array, which is never read.
    std::hint::black_box(&mut below);
}
