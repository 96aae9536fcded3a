#![doc = include_str!("../docs/works_with.md")]
