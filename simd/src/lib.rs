//! Runs a function with the vector instructions of the machine.
//!
//! A program for x86-64 is compiled for every such processor, so LLVM makes vectors of two `f64` of its loops. Most
//! machines have vectors of four or eight. [`vectorized`] compiles its argument for each of these, and calls the version
//! that suits the machine. No result depends on the choice: Rust lets LLVM neither reorder sums nor fuse products into
//! them.
//!
//! To call a function that needs certain instructions is unsafe. All unsafe code of dualtape is here, two calls, so that
//! its other crates can forbid it.

#![cfg_attr(target_arch = "x86_64", allow(unsafe_code))]

/// The vectors for which a function is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vectors {
    /// Those that every processor of the target has, or for which the whole program is compiled.
    OfTarget,
    /// Sixteen registers of four `f64`.
    Avx2,
    /// Thirty-two registers of eight `f64`.
    Avx512,
}

/// Returns the result of `kernel`, compiled for the widest vectors that the machine has. The kernel gets these vectors.
///
/// What the kernel calls has to be `#[inline(always)]`, closures too, or else is compiled for the vectors of the target.
///
/// ```
/// use dualtape_simd::vectorized;
///
/// let mut numbers = [1.0, 2.0, 3.0, 4.0];
/// vectorized(
///     #[inline(always)]
///     |_| numbers.iter_mut().for_each(|x| *x *= *x),
/// );
/// assert_eq!(numbers, [1.0, 4.0, 9.0, 16.0]);
/// ```
#[inline(always)]
pub fn vectorized<Out>(kernel: impl FnOnce(Vectors) -> Out) -> Out {
    match vectors() {
        // SAFETY: `vectors` has found the instructions of AVX-512 that `with_avx512` names.
        #[cfg(target_arch = "x86_64")]
        Vectors::Avx512 => unsafe { x86_64::with_avx512(kernel) },
        // SAFETY: `vectors` has found the instructions that `with_avx2` names.
        #[cfg(target_arch = "x86_64")]
        Vectors::Avx2 => unsafe { x86_64::with_avx2(kernel) },
        _ => kernel(Vectors::OfTarget),
    }
}

/// Returns the widest vectors that the machine has.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn vectors() -> Vectors {
    *x86_64::VECTORS
}

/// Returns the widest vectors that the machine has.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn vectors() -> Vectors {
    Vectors::OfTarget
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::sync::LazyLock;

    use super::Vectors;

    /// The processor is asked once.
    pub(super) static VECTORS: LazyLock<Vectors> = LazyLock::new(|| {
        macro_rules! has {
            ($($instructions:tt)*) => { $(is_x86_feature_detected!($instructions))&&* };
        }
        if !has!("avx2" "fma" "bmi1" "bmi2" "lzcnt" "popcnt") {
            Vectors::OfTarget
        } else if !has!("avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl") {
            Vectors::Avx2
        } else {
            Vectors::Avx512
        }
    });

    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn with_avx2<Out>(kernel: impl FnOnce(Vectors) -> Out) -> Out {
        kernel(Vectors::Avx2)
    }

    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
    pub(super) fn with_avx512<Out>(kernel: impl FnOnce(Vectors) -> Out) -> Out {
        kernel(Vectors::Avx512)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_gets_the_vectors_of_the_machine_and_returns_its_result() {
        assert_eq!(vectorized(|given| given), vectors());
    }

    #[test]
    fn a_panic_of_a_kernel_reaches_the_caller() {
        let caught = std::panic::catch_unwind(|| vectorized(|_| panic!("out of range")));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"out of range"));
    }
}
