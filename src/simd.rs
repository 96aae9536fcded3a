//! Vector instructions, and what is written for them. Knows nothing of derivatives.

/// Runs a kernel compiled for the vector instructions that the machine has. They change no bit.
#[inline(always)]
pub(crate) fn vectorized(kernel: impl FnOnce()) {
    #[cfg(feature = "simd")]
    pulp::Arch::new().dispatch(kernel);
    #[cfg(not(feature = "simd"))]
    kernel();
}
