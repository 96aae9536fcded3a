//! Vector instructions, and what is written for them. Knows nothing of derivatives.

pub(crate) mod tiles;

/// Runs a kernel compiled for the vector instructions that the machine has. They change no bit.
#[inline(always)]
pub(crate) fn vectorized(kernel: impl FnOnce()) {
    #[cfg(feature = "simd")]
    pulp::Arch::new().dispatch(kernel);
    #[cfg(not(feature = "simd"))]
    kernel();
}
