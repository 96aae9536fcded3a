//! Helpers that several tests share.

pub(crate) mod compare;
pub(crate) mod example;
#[cfg(feature = "nn")]
pub(crate) mod expression;
pub(crate) mod reference;
pub(crate) mod refusals;
pub(crate) mod softmax;
