/// A function twice: `of` with the attribute, and in `plain` as written.
macro_rules! both {
    (#[$attribute:ident] $name:ident: $($function:tt)*) => {
        mod $name {
            pub(super) mod plain {
                #[allow(unused_imports)]
                use super::super::*;
                pub(crate) $($function)*
            }
            #[allow(unused_imports)]
            use super::*;
            #[$attribute]
            pub(crate) $($function)*
        }
    };
}
