#![doc = include_str!("../docs/write_it_like_this.md")]
