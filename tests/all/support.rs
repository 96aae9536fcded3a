//! What several tests share.

pub(crate) mod example;
pub(crate) mod expression;
pub(crate) mod reference;
pub(crate) mod refusals;
