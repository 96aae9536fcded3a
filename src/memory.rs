//! Memory of a thread, independent of derivatives.

pub(crate) mod kept;
pub(crate) mod pool;
pub(crate) mod stamp;
pub(crate) mod thread;
