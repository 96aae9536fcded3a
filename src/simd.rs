//! Vector instructions, independent of derivatives.

/// Runs a kernel compiled for the vector instructions of the machine. They change no bit of the result.
#[inline(always)]
pub(crate) fn vectorized(kernel: impl FnOnce()) {
    #[cfg(feature = "simd")]
    pulp::Arch::new().dispatch(kernel);
    #[cfg(not(feature = "simd"))]
    kernel();
}
