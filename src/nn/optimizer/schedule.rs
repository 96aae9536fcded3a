//! The learning rate over time.

/// The learning rate over the steps, which count from 0.
///
/// ```
/// use dualtape::nn::Schedule;
///
/// let schedule = Schedule::Linear { from: 1.0, to: 0.1, steps: 100 };
/// assert_eq!(schedule.rate(0), 1.0);
/// assert_eq!(schedule.rate(50), 0.55);
/// assert_eq!(schedule.rate(1000), 0.1);
/// assert_eq!(Schedule::Constant(0.05).rate(7), 0.05);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// One rate for ever.
    Constant(f64),
    /// From `from` at step 0 along a line to `to` at step `steps`, then constant.
    Linear {
        /// The rate at step 0.
        from: f64,
        /// The rate at step `steps` and after.
        to: f64,
        /// The number of steps on the way.
        steps: usize,
    },
    /// `from·factorᵏ` with k = ⌊step/every⌋.
    Step {
        /// The rate of the first `every` steps.
        from: f64,
        /// The factor of each decrease.
        factor: f64,
        /// The number of steps between two decreases.
        every: usize,
    },
    /// From `from` at step 0 along half a cosine to `to` at step `steps`, then constant (Loshchilov & Hutter, *SGDR*,
    /// 2017).
    Cosine {
        /// The rate at step 0.
        from: f64,
        /// The rate at step `steps` and after.
        to: f64,
        /// The number of steps on the way.
        steps: usize,
    },
    /// In equal steps up to the first rate of another schedule, then that schedule: see
    /// [`warmed_up`](Schedule::warmed_up).
    WarmUp {
        /// The number of steps before the other schedule begins.
        steps: usize,
        /// The other schedule.
        then: Box<Schedule>,
    },
}

impl Schedule {
    /// Returns this schedule after a warm-up of `steps` steps (Goyal et al. 2017).
    ///
    /// ```
    /// use dualtape::nn::Schedule;
    ///
    /// let schedule = Schedule::Cosine { from: 1.0, to: 0.0, steps: 100 }.warmed_up(3);
    /// assert_eq!([0, 1, 2, 3].map(|step| schedule.rate(step)), [0.25, 0.5, 0.75, 1.0]);
    /// assert!((schedule.rate(53) - 0.5).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn warmed_up(self, steps: usize) -> Self {
        Schedule::WarmUp { steps, then: Box::new(self) }
    }

    /// Returns the learning rate of a step.
    ///
    /// ```
    /// use dualtape::nn::Schedule;
    ///
    /// let halved = Schedule::Step { from: 0.5, factor: 0.5, every: 10 };
    /// assert_eq!([0, 9, 10, 29].map(|step| halved.rate(step)), [0.5, 0.5, 0.25, 0.125]);
    /// ```
    pub fn rate(&self, step: usize) -> f64 {
        match *self {
            Schedule::Constant(rate) => rate,
            Schedule::Linear { to, steps, .. } | Schedule::Cosine { to, steps, .. } if step >= steps => to,
            Schedule::Linear { from, to, steps } => from + (to - from) * (step as f64 / steps as f64),
            Schedule::Cosine { from, to, steps } => {
                let half_turn = std::f64::consts::PI * step as f64 / steps as f64;
                to + (from - to) * 0.5 * (1.0 + half_turn.cos())
            }
            Schedule::Step { from, factor, every } => {
                // An interval of 0 never ends.
                let decreases = step.checked_div(every).unwrap_or(0);
                // The whole power may overflow, or be 0, where the rate is not.
                let half = decreases / 2;
                from * factor.powf(half as f64) * factor.powf((decreases - half) as f64)
            }
            Schedule::WarmUp { steps, ref then } if step < steps => {
                then.rate(0) * ((step + 1) as f64 / (steps + 1) as f64)
            }
            Schedule::WarmUp { steps, ref then } => then.rate(step - steps),
        }
    }

    /// Panics when a number of the schedule is infinite or NaN, or its rates overflow on the way.
    #[track_caller]
    pub(super) fn assert_finite(&self) {
        let (numbers, schedule) = match *self {
            Schedule::Constant(rate) => ([rate; 3], "Schedule::Constant"),
            Schedule::Linear { from, to, .. } => ([from, to, from - to], "Schedule::Linear"),
            Schedule::Cosine { from, to, .. } => ([from, to, from - to], "Schedule::Cosine"),
            Schedule::Step { from, factor, .. } => ([from, factor, factor], "Schedule::Step"),
            Schedule::WarmUp { ref then, .. } => return then.assert_finite(),
        };
        for number in numbers {
            assert!(number.is_finite(), "{schedule}: a learning rate of {number}; pass finite numbers");
        }
    }
}
