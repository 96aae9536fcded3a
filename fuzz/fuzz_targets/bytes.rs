//! Bytes as choices and numbers.

/// The rest of the program; zeros follow it.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Bytes<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    /// A number: mostly of moderate size, at times an odd one.
    pub(crate) fn number(&mut self) -> f64 {
        const ODD: [f64; 16] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            2.0,
            0.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            1e-160,
            -1e160,
            710.0,
            -745.0,
        ];
        match self.byte() {
            odd @ 0..16 => ODD[usize::from(odd)],
            16..24 => f64::from_bits((0..8).fold(0, |bits, _| bits << 8 | u64::from(self.byte()))),
            24..32 => self.fraction(-1.0, 1.0) * 10.0_f64.powf(self.fraction(-300.0, 300.0)),
            high => f64::from(i16::from_be_bytes([high, self.byte()])) / 8192.0,
        }
    }
    /// A number between two others.
    pub(crate) fn fraction(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(u16::from_be_bytes([self.byte(), self.byte()])) / f64::from(u16::MAX)
    }
}
