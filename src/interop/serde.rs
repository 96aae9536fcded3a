//! The caller's own dual numbers, read and written by serde as a structure of `primal` and `partials`.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::forward::Dual;
use crate::scalar::Scalar;

/// Fails for a number of a derivative that is being taken, because it would no longer belong to it when read back.
impl<T: Scalar + Serialize, const N: usize> Serialize for Dual<T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.is_of_the_caller() {
            return Err(ser::Error::custom(
                "a dual number of a derivative that is being taken cannot be serialized, because it would lose the \
                 derivative that it belongs to: serialize its `value()`, or the result of the verb",
            ));
        }
        let mut dual = serializer.serialize_struct("Dual", 2)?;
        dual.serialize_field("primal", &self.primal)?;
        dual.serialize_field("partials", &self.partials[..])?;
        dual.end()
    }
}

/// Fails for another number of partials than N.
impl<'de, T: Scalar + Deserialize<'de>, const N: usize> Deserialize<'de> for Dual<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Dual")]
        struct Parts<T> {
            primal: T,
            partials: Vec<T>,
        }

        let Parts { primal, partials } = Parts::deserialize(deserializer)?;
        let found = partials.len();
        let partials = partials
            .try_into()
            .map_err(|_| de::Error::invalid_length(found, &format!("{N} partial derivatives").as_str()))?;
        Ok(Dual::new(primal, partials))
    }
}
