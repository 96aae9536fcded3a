//! The numbers and verbs in nalgebra, for each version of it.

#[cfg(feature = "nalgebra")]
mod newest {
    use dualtape::nalgebra as verbs;
    use nalgebra as na;

    include!("nalgebra/behaviour.rs");
}

#[cfg(feature = "nalgebra")]
mod lost;
#[cfg(feature = "nalgebra")]
mod same_as_rules;

#[cfg(feature = "nalgebra-0_34")]
mod version_0_34 {
    use dualtape::nalgebra_0_34 as verbs;
    use nalgebra_0_34 as na;

    include!("nalgebra/behaviour.rs");
}
