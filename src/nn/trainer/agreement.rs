//! What the ranks of a training agree on: what they train, when it stops, and errors.

use super::progress::Progress;
use super::{TrainError, Trainer, real};
use crate::nn::{State, Update};
use crate::ranks::{self, Ranks};
use crate::scalar::Real;

impl<U: Update, R: Real> Trainer<'_, U, R> {
    /// Refuses ranks that would not train the same.
    pub(super) fn compare_ranks(&self) -> Result<(), TrainError> {
        let Some(ranks) = self.ranks else { return Ok(()) };
        let Progress { parameters, history, steps, data, objective, .. } = &self.progress;
        let State { steps: taken, numbers } = self.optimizer.state();
        let bits = |numbers: &[f64]| ranks::fingerprint(numbers.iter().map(|x| x.to_bits()));
        let text = |text: &str| ranks::fingerprint(text.bytes().map(u64::from));
        let parameters: Vec<f64> = parameters.iter().map(|&x| real(x)).collect();
        let settings = (self.epochs, self.batch, self.seed, self.patience, self.largest_norm, self.checked);
        let (what, numbers): (Vec<_>, Vec<_>) = [
            ("data", text(data)),
            ("an objective", text(objective.as_deref().unwrap_or_default())),
            ("settings", text(&format!("{settings:?} {} {}", self.optimizer.rate(), self.optimizer.description()))),
            ("an optimizer", bits(numbers)),
            ("progress", text(&format!("{} {steps} {taken}", history.len()))),
            ("parameters", bits(&parameters)),
        ]
        .into_iter()
        .unzip();
        match ranks::differing(ranks, &numbers) {
            Some((rank, place)) => {
                let message = format!("it has {} different from rank 0; pass the same on all ranks", what[place]);
                Err(TrainError::Rank { rank, message })
            }
            None => Ok(()),
        }
    }

    /// Returns an error on all ranks if there is one on any.
    pub(super) fn on_all_ranks(&self, result: Result<(), TrainError>) -> Result<(), TrainError> {
        let Some(ranks) = self.ranks else { return result };
        let message = result.as_ref().err().map(ToString::to_string);
        match first_message(ranks, message.as_deref()) {
            Some((rank, message)) => result.and(Err(TrainError::Rank { rank, message })),
            None => Ok(()),
        }
    }
}

/// Returns whether it is so on any rank.
pub(super) fn any(ranks: &dyn Ranks, is_so: bool) -> bool {
    let mut all = vec![0.0; ranks.size()];
    ranks.all_gather(&[f64::from(u8::from(is_so))], &mut all, &vec![1; ranks.size()]);
    all.contains(&1.0)
}

/// Returns the first rank that has a message, and the message, on all ranks.
fn first_message(ranks: &dyn Ranks, message: Option<&str>) -> Option<(usize, String)> {
    // One byte more than the message; 0 without one.
    let bytes: Vec<f64> = message.map_or(vec![], |text| text.bytes().chain([0]).map(f64::from).collect());
    let mut lengths = vec![0.0; ranks.size()];
    ranks.all_gather(&[bytes.len() as f64], &mut lengths, &vec![1; ranks.size()]);
    let rank = lengths.iter().position(|&length| length > 0.0)?;
    let lengths: Vec<usize> = lengths.iter().map(|&length| length as usize).collect();
    let mut all = vec![0.0; lengths.iter().sum()];
    ranks.all_gather(&bytes, &mut all, &lengths);
    let first: usize = lengths[..rank].iter().sum();
    let bytes = all[first..first + lengths[rank] - 1].iter().map(|&byte| byte as u8).collect();
    Some((rank, String::from_utf8(bytes).expect("a message is text")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::on_threads;

    #[test]
    fn a_message_of_one_rank_reaches_all() {
        let messages = [None, Some("größer"), None, Some("later")];
        let first = on_threads(4, |ranks| first_message(ranks, messages[ranks.rank()]));
        assert_eq!(first, vec![Some((1, "größer".to_string())); 4]);
        assert_eq!(on_threads(2, |ranks| first_message(ranks, Some(""))), vec![Some((0, String::new())); 2]);
        assert_eq!(on_threads(2, |ranks| first_message(ranks, None)), [None, None]);
    }
}
