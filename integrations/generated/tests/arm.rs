//! The arm finds the angles of a place, with the generated Jacobian.

use dualtape::jacobian;
use dualtape_generated::arm::reached;
use dualtape_generated::derivatives::tool;

#[path = "../src/functions/arm.rs"]
mod functions;

#[test]
fn the_generated_jacobian_is_the_jacobian() {
    let angles = [0.3, -0.5, 0.8, 1.1, -0.4, 0.7];
    let (place, generated) = tool(&angles);
    let (y, j) = jacobian(functions::tool, &angles);
    for i in 0..6 {
        assert!((place[i] - y[i]).abs() < 1e-15);
        for k in 0..6 {
            assert!((generated[i][k] - j[i][k]).abs() < 1e-15, "{i}, {k}");
        }
    }
}

#[test]
fn the_arm_reaches_a_place() {
    let (target, _) = tool(&[0.9, -0.8, 0.5, 0.3, 1.0, -0.6]);
    let (angles, left) = reached([0.3, -0.2, 0.2, 0.1, 0.5, 0.1], &target, 60);
    assert!(left < 1e-12, "{left} m are left at {angles:?}");
}
