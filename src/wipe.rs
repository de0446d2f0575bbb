//! Wipes what calls leave on a thread's stack and in its registers. The allocator wipes what is freed
//! on the heap.

/// Overwrites the part of this thread's stack below the caller, where calls that have returned
/// left their data. Freed heap memory is wiped by the allocator; this wipes the rest. It takes a
/// few microseconds.
#[inline(never)]
pub fn wipe_stack() {
    const OCTETS: usize = 192 * 1024;
    let mut below = [0u8; OCTETS];
    // Keeps the compiler from removing the array, which is never read.
    std::hint::black_box(&mut below);
    wipe_registers();
}

/// Overwrites this thread's vector registers. Copying and comparing leave the octets in them, where
/// they stay while the thread waits, and a core dump contains the registers of every thread. So
/// zeros are copied and compared in the lengths for which the C library uses different registers.
/// It takes about half a microsecond.
#[inline(never)]
pub fn wipe_registers() {
    const OCTETS_MAX: usize = 4_096;
    let (from, mut to) = ([0u8; OCTETS_MAX], [0u8; OCTETS_MAX]);
    let mut length = 8;
    while length <= OCTETS_MAX {
        to[..length].copy_from_slice(std::hint::black_box(&from[..length]));
        std::hint::black_box(&mut to);
        std::hint::black_box(to[..length] == from[..length]);
        length *= 2;
    }
}
