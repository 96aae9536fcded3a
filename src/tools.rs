//! Tools on the verbs. Each stands alone, but for `check`, which needs `difference`.

pub(crate) mod check;
pub(crate) mod checkpoint;
pub(crate) mod difference;
pub(crate) mod fuse;
pub(crate) mod implicit;
pub(crate) mod sparse;
pub(crate) mod terms;
