//! The logic of the playground, a page in which anyone can play with derivatives.
//!
//! Each tab of the page has a module: [`expression`] on [`formula`], [`network`] on [`settings`] and [`plane`], and [`names`].
//! They know no browser and are tested as any code. `page` hands them to the scripts in `web/`.

pub mod expression;
pub mod formula;
pub mod names;
pub mod network;
#[cfg(target_arch = "wasm32")]
mod page;
pub mod plane;
pub mod settings;
