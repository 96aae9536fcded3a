//! The plain functions that std lacks are right to the last digits, compared with 40 digits and more.

use dualtape::{Scalar, derivative, gradient};

use crate::support::compare::assert_near;

#[test]
fn powi_squares_repeatedly() {
    for x in [3.7_f64, 0.37, -1.9] {
        assert_eq!(Scalar::powi(x, 3), x * (x * x));
        assert_eq!(Scalar::powi(x, -3), 1.0 / (x * (x * x)));
        assert_eq!(Scalar::powi(x, -4), 1.0 / ((x * x) * (x * x)));
    }
    // 10³¹⁰ overflows, its reciprocal does not.
    assert_near("a subnormal power", Scalar::powi(10.0, -310), 1e-310, 1e-13, 1e-323);
    for (x, n) in [(1.7_f64, -1336), (9.3, -318), (1.1, -7437), (1.003, -236_500)] {
        let wanted = x.powf(f64::from(n));
        assert!(wanted > 0.0 && wanted < f64::MIN_POSITIVE, "{x}, {n}: {wanted:e}");
        assert_eq!(Scalar::powi(x, n), wanted);
    }
}

#[test]
fn elu_keeps_the_sign_of_zero() {
    assert_eq!(f64::to_bits(Scalar::elu(0.0, -0.5)), 0.0_f64.to_bits());
}

#[test]
fn silu_keeps_its_digits_among_the_subnormals() {
    let values = [(-720.0, -1.463_206_177_745_47e-310), (-740.25, -2.414_839e-319), (-742.5, -2.552_958e-320)];
    for (x, wanted) in values {
        assert_near("silu", Scalar::silu(x), wanted, 1e-15, 1e-323);
    }
}

#[test]
fn gelu_tanh_keeps_its_digits_far_from_zero() {
    let values = [
        (-1.03, -0.156_213_351_010_731_67),
        (-1.5, -0.100_428_423_019_767_08),
        (-2.796_998_5, -0.006_747_512_910_944_935),
        (-5.5625, -3.603_328_953_390_871e-9),
        (-7.3, -5.609_545_944_294_599e-17),
        (-9.75, -3.232_048_641_398_919e-35),
        (-15.6875, -4.849_271_748_292_969e-130),
        (-18.5, -1.719_103_171_866_033_4e-208),
        (-20.25, -8.852_675_589_400_316e-271),
    ];
    for (x, wanted) in values {
        assert_near("gelu_tanh", Scalar::gelu_tanh(x), wanted, 1e-15, 1e-323);
    }
}

#[test]
fn tails_of_the_normal_distribution_keep_their_digits() {
    let values = [
        (5.3, 3.171_349_216_715_978e-7, 5.790_134_039_964_594e-8),
        (12.1, 6.432_540_334_635_765e-33, 5.280_558_767_433_56e-34),
        (20.7, 3.593_261_220_969_867_5e-94, 1.731_851_879_019_738e-95),
        (30.1, 7.300_259_384_280_611e-198, 2.422_667_217_985_758_8e-199),
        (37.3, 3.062_846_290_695_667e-303, 8.205_494_844_930_773e-305),
    ];
    for (x, density, tail) in values {
        assert_near("norm_pdf", Scalar::norm_pdf(x), density, 1e-15, 1e-323);
        assert_near("norm_cdf", Scalar::norm_cdf(-x), tail, 2e-15, 1e-323);
        assert_eq!(derivative(|x| x.norm_cdf(), -x).1, Scalar::norm_pdf(x));
    }
}

#[test]
fn polygamma_keeps_its_digits_at_high_order_and_below_zero() {
    let values = [
        (9, 0.5, 371_595_452.385_097_43, 1e-15),
        (9, 3.5, 1.439_995_681_884_887_5, 1e-15),
        (6, 2.25, -2.692_799_691_606_106_5, 1e-15),
        (4, 1.5, -3.474_249_826_667_225, 1e-15),
        (2, 0.75, -5.302_633_216_337_64, 1e-15),
        (1, 13.5, 0.076_885_224_601_578_37, 1e-15),
        (9, -0.75, 380_513_741_879.889_6, 1e-14),
        (3, -2.25, 1_558.455_023_188_714_3, 1e-14),
        (5, -0.125, 31_457_550.406_162_32, 1e-14),
        (10, 22.5, -1.353_451_136_081_593e-8, 1e-15),
        (40, 52.5, -4.555_649_142_912_857e-23, 1e-15),
        (100, 112.5, -1.080_789_904_305_443_2e-49, 1e-15),
        // There x⁻¹⁰³ has lost digits.
        (102, 1020.25, -1.281_691_190_873_629e-147, 1e-15),
        (0, 12.0, 2.442_661_679_975_812, 1e-15),
        (0, 0.3, -3.502_524_222_200_133, 1e-15),
    ];
    for (m, x, wanted, error) in values {
        assert_near(&format!("polygamma({m}) at {x}"), Scalar::polygamma(x, m), wanted, error, 1e-323);
    }
}

#[test]
fn polygamma_is_infinite_or_nan_at_its_poles() {
    for x in [-1.0, -2.0, -7.0] {
        for m in 0..8 {
            // Of one sign from both sides when m is odd.
            let value = Scalar::polygamma(x, m);
            assert!(if m % 2 == 1 { value == f64::INFINITY } else { value.is_nan() }, "polygamma({m}) at {x}: {value}");
        }
    }
}

#[test]
fn a_power_has_one_value_in_every_reading() {
    // Just below 1, where √x and xʸ at y = 1/2 differ in the last digit in some libraries.
    for i in 1..2000 {
        let x = 1.0 - f64::from(i) * f64::EPSILON / 2.0;
        let readings = [Scalar::powf(x, 0.5), derivative(|x| x.powf(0.5), x).0, gradient(|x| x[0].powf(0.5), &[x]).0];
        assert!(readings.iter().all(|y| y.to_bits() == readings[0].to_bits()), "{readings:?}");
    }
}
