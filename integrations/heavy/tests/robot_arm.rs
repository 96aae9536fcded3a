//! A six-joint arm from a URDF: the Jacobian of its end by dualtape against that of the crate k.

use dualtape::jacobian_array;
use k::{Chain, SerialChain};
use nalgebra::{Isometry3, RealField, Translation3, Unit, UnitQuaternion, Vector3};

const URDF: &str = r#"<robot name="arm">
<link name="base"/><link name="l1"/><link name="l2"/><link name="l3"/><link name="l4"/><link name="l5"/><link name="l6"/>
<joint name="j1" type="revolute"><parent link="base"/><child link="l1"/><origin xyz="0 0 0.4" rpy="0 0 0"/>
  <axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="j2" type="revolute"><parent link="l1"/><child link="l2"/><origin xyz="0.025 0 0" rpy="0.1 0 0"/>
  <axis xyz="0 1 0"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="j3" type="revolute"><parent link="l2"/><child link="l3"/><origin xyz="0.455 0 0" rpy="0 -0.2 0.3"/>
  <axis xyz="0 1 0"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="j4" type="revolute"><parent link="l3"/><child link="l4"/><origin xyz="0 0.1 0.035" rpy="0 0 0"/>
  <axis xyz="1 0 0"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="j5" type="revolute"><parent link="l4"/><child link="l5"/><origin xyz="0.42 0 0" rpy="0 0.4 0"/>
  <axis xyz="0 1 0"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="j6" type="revolute"><parent link="l5"/><child link="l6"/><origin xyz="0.08 0 0" rpy="0 0 0"/>
  <axis xyz="1 0 0"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
</robot>"#;

/// Returns where the end of the arm is, by the joints of the file.
fn end<T: RealField + Copy>(robot: &urdf_rs::Robot, angles: &[T; 6]) -> Isometry3<T> {
    robot.joints.iter().zip(angles).fold(Isometry3::identity(), |pose, (joint, &angle)| {
        let ([x, y, z], [roll, pitch, yaw]) = (*joint.origin.xyz, *joint.origin.rpy);
        let number = |x: f64| nalgebra::convert::<f64, T>(x);
        let origin = Isometry3::from_parts(
            Translation3::new(number(x), number(y), number(z)),
            UnitQuaternion::from_euler_angles(number(roll), number(pitch), number(yaw)),
        );
        let axis = Unit::new_normalize(Vector3::from(*joint.axis.xyz).map(number));
        pose * origin * UnitQuaternion::from_axis_angle(&axis, angle)
    })
}

#[test]
fn the_jacobian_of_an_arm_is_that_of_k() {
    let robot = urdf_rs::read_from_string(URDF).expect("a URDF");
    let chain = Chain::<f64>::from(&robot);
    let arm = SerialChain::from_end(chain.find("j6").expect("the last joint"));
    for angles in [[0.0; 6], [0.3, -0.5, 0.9, 1.2, -0.7, 2.0], [-1.0, 0.2, -1.4, 0.6, 1.1, -0.4]] {
        arm.set_joint_positions(&angles).expect("angles within limits");
        let theirs = k::jacobian(&arm);
        let pose = arm.end_transform();
        let (position, j) = jacobian_array(|angles| end(&robot, angles).translation.vector.into(), &angles);
        // The angular velocity is twice the vector part of q′·q⁻¹.
        let (quaternion, turns) = jacobian_array(|angles| end(&robot, angles).rotation.coords.into(), &angles);
        let back = nalgebra::Quaternion::from(quaternion).conjugate();
        for i in 0..3 {
            assert!((position[i] - pose.translation.vector[i]).abs() < 1e-14);
            for joint in 0..6 {
                assert!((j[i][joint] - theirs[(i, joint)]).abs() < 1e-13, "{i} {joint}");
                let slope = nalgebra::Quaternion::from(turns.map(|row| row[joint]));
                let angular = 2.0 * (slope * back).imag()[i];
                assert!((angular - theirs[(i + 3, joint)]).abs() < 1e-13, "{i} {joint}");
            }
        }
    }
}
