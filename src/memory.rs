//! Memory of a thread. Knows nothing of derivatives.

pub(crate) mod kept;
pub(crate) mod pool;
pub(crate) mod stamp;
pub(crate) mod thread;
