//! Tools on the verbs. Each stands alone, but for `check`, which needs `difference`.

pub mod check;
pub(crate) mod checkpoint;
pub(crate) mod difference;
pub(crate) mod fuse;
#[cfg(feature = "macros")]
pub mod fused;
pub mod implicit;
mod noise;
mod noted;
pub mod parameters;
pub mod sparse;
pub(crate) mod terms;
