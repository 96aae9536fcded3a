//! What functions with the attribute `fused` are made of.

/// Data of a kernel, which each of its evaluations takes.
#[diagnostic::on_unimplemented(
    message = "fused: a kernel may be evaluated several times, and `{Self}` can be moved into one evaluation only",
    label = "not `Copy`",
    note = "take a reference, `&{Self}`"
)]
pub trait Data: Copy {}

#[diagnostic::do_not_recommend]
impl<T: Copy> Data for T {}

/// Returns data for an evaluation.
#[inline(always)]
pub fn data<T: Data>(data: &T) -> T {
    *data
}

/// Panics when a kernel has too many inputs to be fused; the compiler calls it.
#[track_caller]
pub const fn refuse_many(inputs: usize) {
    assert!(
        inputs <= 16,
        "fused: the arguments have more than 16 scalars, with which fusing costs more than it saves. Split the \
         function, or remove the attribute"
    );
}
