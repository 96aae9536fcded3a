//! Vector instructions, independent of derivatives.

/// Runs a kernel compiled for the vector instructions of the machine. They change no bit of the result.
#[inline(always)]
pub(crate) fn vectorized(kernel: impl FnOnce()) {
    #[cfg(feature = "simd")]
    dualtape_simd::vectorized(
        #[inline(always)]
        |_| kernel(),
    );
    #[cfg(not(feature = "simd"))]
    kernel();
}
