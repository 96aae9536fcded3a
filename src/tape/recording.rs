//! The statements of one recording, and the walk back over them.

use crate::Scalar;

/// A list of statements as three arrays: statement `i` has the arguments
/// `ends[i - 1]..ends[i]` of `arguments` and `partials`. Its result is the variable
/// at position `i`. A partial that is zero is not stored.
pub(crate) struct Recording<T> {
    partials: Vec<T>,
    arguments: Vec<u32>,
    ends: Vec<u32>,
}

impl<T> Recording<T> {
    pub(crate) const fn new() -> Self {
        Recording { partials: Vec::new(), arguments: Vec::new(), ends: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        self.partials.capacity() * size_of::<T>()
            + (self.arguments.capacity() + self.ends.capacity()) * size_of::<u32>()
    }

    pub(crate) fn clear(&mut self) {
        self.partials.clear();
        self.arguments.clear();
        self.ends.clear();
    }
}

impl<T: Scalar> Recording<T> {
    /// Records a statement and returns its position.
    #[inline]
    pub(crate) fn statement(&mut self, arguments: impl IntoIterator<Item = (u32, T)>) -> u32 {
        for (position, partial) in arguments {
            if !partial.is_identically_zero() {
                self.arguments.push(position);
                self.partials.push(partial);
            }
        }
        let position = position(self.ends.len());
        self.ends.push(end(self.arguments.len()));
        position
    }

    /// The adjoints of all statements up to the last seeded one, and a zero
    /// after them, in the memory of `adjoints`.
    ///
    /// The order of summation is that of the statements from the last to the
    /// first, and within one from the first argument to the last. An adjoint that
    /// is zero beats a partial that is not finite.
    pub(crate) fn sweep(&self, seeds: impl Iterator<Item = (u32, T)> + Clone, mut adjoints: Vec<T>) -> Vec<T> {
        let len = seeds.clone().map(|(position, _)| position as usize + 1).max().unwrap_or(0);
        adjoints.clear();
        adjoints.resize(len + 1, T::zero());
        for (position, seed) in seeds {
            adjoints[position as usize] += seed;
        }
        let mut end = if len > 0 { self.ends[len - 1] as usize } else { 0 };
        for position in (0..len).rev() {
            let start = if position > 0 { self.ends[position - 1] as usize } else { 0 };
            let adjoint = adjoints[position];
            if !adjoint.is_identically_zero() {
                for (&argument, &partial) in self.arguments[start..end].iter().zip(&self.partials[start..end]) {
                    adjoints[argument as usize] += partial * adjoint;
                }
            }
            end = start;
        }
        adjoints
    }
}

/// The position of statement `count`; the largest u32 is not one.
#[inline]
fn position(count: usize) -> u32 {
    if count >= u32::MAX as usize {
        too_long();
    }
    count as u32
}

/// The end of the arguments of a statement.
#[inline]
fn end(count: usize) -> u32 {
    if count > u32::MAX as usize {
        too_long();
    }
    count as u32
}

#[cold]
fn too_long() -> ! {
    panic!(
        "the tape is full: a recording holds at most {} statements and arguments; differentiate in pieces and clear \
         the tape between them",
        u32::MAX
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_checked() {
        assert_eq!(position(u32::MAX as usize - 1), u32::MAX - 1);
        assert_eq!(end(u32::MAX as usize), u32::MAX);
        for overflow in [|| position(u32::MAX as usize), || end(u32::MAX as usize + 1)] {
            let message = *std::panic::catch_unwind(overflow).unwrap_err().downcast::<String>().unwrap();
            assert_eq!(
                message,
                "the tape is full: a recording holds at most 4294967295 statements and arguments; differentiate in \
                 pieces and clear the tape between them"
            );
        }
    }
}
